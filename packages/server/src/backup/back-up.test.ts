import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { memoryStore } from '@rockpool/object-store/memory'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { TaskInput } from '../tasks/task.ts'
import { URL_SECRET } from '../testing/content.ts'
import { backUp } from './back-up.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-reference-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A server on S3 without event logs. */
const inputOf = async (): Promise<TaskInput> => {
  const store = memoryStore({ publicBaseUrl: 'http://localhost', secret: URL_SECRET })
  for (const key of ['shop/files/a', 'tmp/b']) await store.put(key, new Uint8Array(3), { size: 3 })
  const config = { dataDir: join(folder, 'data'), store: { mode: 's3', s3: { bucket: 'reef' } } }
  // As S3 does, it takes a while.
  const list: typeof store.list = async (...args) => {
    await setTimeout(50)
    return store.list(...args)
  }
  const parts = {
    store: { ...store, list },
    logs: { storeIds: async () => [], backUp: async () => ({ backendId: '', head: 0 }) },
  }
  const input = { config, parts, signal: new AbortController().signal, progress: () => {} }
  return input as unknown as TaskInput
}
const referTo = async () => backUp.run({ folder: join(folder, 'backup'), bytes: 'reference' }, await inputOf())

it('lists the bytes in S3, without those under tmp/', async () => {
  expect((await referTo()).bytes).toEqual({ kind: 'reference', objects: 1, size: 3, s3Bucket: 'reef' })
  expect(await readFile(join(folder, 'backup/objects.jsonl'), 'utf8')).toBe('{"key":"shop/files/a","size":3}\n')
})

it('rejects when the list cannot be written, instead of ending the server', async () => {
  await mkdir(join(folder, 'backup/objects.jsonl.new'), { recursive: true })
  await expect(referTo()).rejects.toMatchObject({ code: 'EISDIR' })
})
