/** Limits of the event log through the real process: how much a store may keep in it, and how often a user may ask. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { endAll, runServer } from '../testing/process.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-log-limits-'))
})
afterEach(async () => {
  await endAll()
  await rm(folder, { recursive: true })
})

const serve = async (limits: Readonly<Record<string, string>>) => {
  const env = { ROCKPOOL_DATA_DIR: folder, ROCKPOOL_JWT_SECRET: TOKEN_SECRET, PORT: '0', ...limits }
  const url = await runServer(['serve'], { env }).url
  const client = async (user: string, store = 'shop') =>
    createClient(() => url, store, await tokenOf({ [store]: ['read', 'write', 'delete'] }, user))
  return { url, client }
}

test('a log takes no more events than its quota says; deletes pass, and other stores go on', async () => {
  const { client } = await serve({ ROCKPOOL_QUOTA_LOG_EVENTS: '3' })
  const ada = await client('ada')
  for (const id of ['1', '2', '3']) await ada.push('v1.NoteCreated', { id })
  await expect(ada.push('v1.NoteCreated', { id: '4' })).rejects.toThrow(
    /422.*"quota_exceeded".*3 of 3 changes are used/,
  )
  await ada.push('v2.FileDeleted', { opId: 'a', id: 'f', at: 1 })
  await (await client('ada', 'other')).push('v1.NoteCreated', { id: '1' })
  expect((await ada.events()).map(({ name }) => name)).toEqual([
    ...Array.from({ length: 3 }, () => 'v1.NoteCreated'),
    'v2.FileDeleted',
  ])
})

test('a log takes no more bytes than its quota says', async () => {
  const { client } = await serve({ ROCKPOOL_QUOTA_LOG_BYTES: '5000' })
  const ada = await client('ada')
  await ada.push('v1.NoteCreated', { text: 'a'.repeat(4_000) })
  await expect(ada.push('v1.NoteCreated', { text: 'b'.repeat(4_000) })).rejects.toThrow(
    /422.*"quota_exceeded".*of 5,000 bytes are used/,
  )
  await ada.push('v1.NoteCreated', { text: 'c' })
})

test('a user over the rate limit gets 429 with Retry-After, and other users are served', async () => {
  const { url, client } = await serve({ ROCKPOOL_RATE_LIMIT: '1' })
  const [ada, bob] = [await tokenOf({ shop: ['read'] }, 'ada'), await client('bob')]
  const ask = () => fetch(`${url}/sync/shop/head`, { headers: { authorization: `Bearer ${ada}` } })
  const responses = await Promise.all(Array.from({ length: 30 }, ask))
  const refused = responses.find(({ status }) => status === 429)
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(await refused?.json()).toMatchObject({ error: { code: 'rate_limited' } })
  await bob.push('v1.NoteCreated', { id: '1' })
})
