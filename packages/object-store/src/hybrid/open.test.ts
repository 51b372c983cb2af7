import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SETUP } from '../local/folder.test.shared.ts'
import { openLocalStore } from '../local/index.ts'
import { newFolder } from './hybrid.test.subject.ts'
import { openHybridStore } from './hybrid-store.ts'

test('releases the folder when its replication state cannot be read', async () => {
  const directory = await newFolder()
  onTestFinished(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'hybrid.sqlite'), 'no database at all')
  const connect = () => Promise.reject(new Error('S3 is not needed.'))
  await expect(openHybridStore({ directory, ...SETUP, connect })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('rockpool-server rebuild'),
  })
  await (await openLocalStore({ directory, ...SETUP })).close()
})
