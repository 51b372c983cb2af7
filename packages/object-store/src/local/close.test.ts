/** A folder that is closed under a write: nobody who still waits for an answer may take it for their own doing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { someBytes, streamOf } from '../testing/bytes.ts'
import { countFiles, SETUP } from './folder.test.shared.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'

let directory: string
let store: LocalStore
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rockpool-close-'))
  store = await openLocalStore({ directory, ...SETUP })
})
afterEach(() => rm(directory, { recursive: true }))

const putHanging = (signal?: AbortSignal) =>
  store.put('key', streamOf(someBytes(5), { end: 'hang' }), { size: 10, ...(signal ? { signal } : {}) })

test('a write under way is to be tried again, unless its caller gave it up', async () => {
  const [waiting, gone] = [new AbortController(), new AbortController()]
  const writes = Promise.allSettled([putHanging(), putHanging(waiting.signal), putHanging(gone.signal)])
  gone.abort()
  await store.close()
  expect((await writes).map((write) => write.status === 'rejected' && write.reason.code)).toEqual([
    'unavailable',
    'unavailable',
    'aborted',
  ])
  expect(await countFiles(directory)).toBe(0)
})
