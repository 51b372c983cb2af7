import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openHybridStore } from '../hybrid/index.ts'
import { ObjectStoreError } from '../errors.ts'
import { openLocation } from './location.ts'

test('a hybrid folder is neither copied from, since S3 may have more, nor to, since S3 would not follow', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-location-'))
  const store = await openHybridStore({
    directory,
    publicBaseUrl: 'http://127.0.0.1',
    secret: 'no URL is signed in this test, none at all',
    connect: () => Promise.reject(new ObjectStoreError('unavailable', 'There is no S3 here.')),
  })
  await store.close()
  for (const side of ['from', 'to'] as const) {
    await expect(openLocation({ mode: 'local', directory }, side)).rejects.toMatchObject({ code: 'misconfigured' })
  }
  await rm(directory, { recursive: true })
})
