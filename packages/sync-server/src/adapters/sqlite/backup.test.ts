import { statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { testFolder } from '../../test-support/folder.ts'
import { eventsAfter } from '../../testing/events.ts'
import { sqliteLogs } from './index.ts'
import { openLogFile, readCopiedHead } from './log-file.ts'

const ALL = { limit: 10_000, maxBytes: 1e9 }
const ORIGIN = { sub: 'ada', at: 1 }

test('a copy that is taken while events are appended is whole: nothing from before is missing, no gap, the same backend id', async () => {
  const folder = await testFolder()
  const [directory, target] = [path.join(folder, 'events'), path.join(folder, 'backup')]
  await mkdir(target)
  const logs = await sqliteLogs({ directory })
  const log = await logs.open('shop')
  const text = 'x'.repeat(2_000)
  for (let head = 0; head < 500; head += 100) {
    await log.append(head, eventsAfter(head, ...Array.from({ length: 100 }, () => text)), ORIGIN)
  }
  let isCopied = false
  const copied = logs.backUp('shop', target).finally(() => (isCopied = true))
  let head = 500
  do {
    await log.append(head, eventsAfter(head, text), ORIGIN)
    head++
  } while (!isCopied)
  const { head: copiedHead, backendId } = await copied
  expect(copiedHead).toBeGreaterThanOrEqual(500)
  expect(statSync(path.join(target, 'shop.sqlite')).mode & 0o777).toBe(0o600)
  await logs.close()

  const restored = await sqliteLogs({ directory: target })
  const copy = await restored.open('shop')
  expect([await copy.head(), copy.backendId, backendId]).toEqual([copiedHead, log.backendId, log.backendId])
  const { events } = await copy.read(0, ALL)
  expect(events.map(({ seqNum }) => seqNum)).toEqual(Array.from({ length: copiedHead }, (_, index) => index + 1))
  expect(await copy.readModel.failures()).toEqual([])
  await restored.close()
})

test('a copy whose first step meets a transaction begins again', async () => {
  const folder = await testFolder()
  const file = openLogFile(path.join(folder, 'shop'), 'shop')
  const copied = file.copyTo(path.join(folder, 'copy'))
  // Keeps the transaction open until the thread that copies has tried.
  const tried = new Int32Array(new SharedArrayBuffer(4))
  file.sql.transaction(() => Atomics.wait(tried, 0, 0, 100))
  await copied
  expect(readCopiedHead(path.join(folder, 'copy.sqlite'))).toBe(0)
  file.close()
})

test('a second copy replaces the first, and a folder that is not there is one sentence', async () => {
  const folder = await testFolder()
  const target = path.join(folder, 'backup')
  await mkdir(target)
  const logs = await sqliteLogs({ directory: path.join(folder, 'events') })
  const log = await logs.open('shop')
  for (const head of [0, 1]) {
    await log.append(head, eventsAfter(head, 'note'), ORIGIN)
    expect(await logs.backUp('shop', target)).toEqual({ backendId: log.backendId, head: head + 1 })
  }
  await expect(logs.backUp('shop', path.join(folder, 'nowhere'))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/^The copy of the event log of "shop" [^\n]+\.$/),
  })
  await logs.close()
})
