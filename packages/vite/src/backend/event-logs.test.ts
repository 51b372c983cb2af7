import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeSyncCfLog } from '../../../sync-server/src/test-support/sync-cf.ts'
import { temporaryFolder } from '../../fixtures/app.ts'
import { openEventLogs } from './event-logs.ts'

const LIMITS = { limit: 10, maxBytes: 1024 * 1024 }
const EVENT = { name: 'v1.AlbumAdded', args: { id: 'a' }, seqNum: 1, parentSeqNum: 0, clientId: 'c', sessionId: 's' }

it(
  'takes over the logs of sync-cf, with their backend ids, and leaves them where they are',
  { timeout: 60_000 },
  async () => {
    const dataDir = await temporaryFolder()
    const shop = await writeSyncCfLog(join(dataDir, 'sync'), 'shop', [EVENT])
    const school = await writeSyncCfLog(join(dataDir, 'sync'), 'school', [EVENT])
    const before = await readdir(join(dataDir, 'sync'), { recursive: true })
    // A start that was killed during the import.
    await mkdir(join(dataDir, 'events.importing'))
    await writeFile(join(dataDir, 'events.importing/shop.sqlite'), 'half of it')

    for (const _start of ['first', 'second']) {
      const logs = await openEventLogs(dataDir)
      const log = await logs.open('shop')
      expect(log.backendId).toBe(shop)
      expect((await log.read(0, LIMITS)).events).toMatchObject([{ seqNum: 1, name: 'v1.AlbumAdded' }])
      expect((await logs.open('school')).backendId).toBe(school)
      await logs.close()
    }
    expect(await readdir(join(dataDir, 'sync'), { recursive: true })).toEqual(before)
    expect(await readdir(dataDir)).toEqual(['events', 'sync'])
  },
)

it('starts with empty logs where there are none', async () => {
  const dataDir = await temporaryFolder()
  const logs = await openEventLogs(dataDir)
  expect(await (await logs.open('shop')).head()).toBe(0)
  await logs.close()
})
