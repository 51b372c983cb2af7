/** Events that the published livestore-filesync wrote (`fixtures/livestore-filesync`), in a real LiveStore store. */
import { readFileSync } from 'node:fs'
import type { Store } from '@livestore/livestore'
import { addressOfKey } from '@rockpool/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openClient, type schema, until } from '../testing/clients.ts'
import { rockpoolTables } from './tables.ts'

interface OldFile {
  readonly id: string
  readonly contentHash: string
  readonly remoteKey: string
  readonly deletedAt: string | null
}

const FIXTURE = new URL('../../fixtures/livestore-filesync/events.json', import.meta.url)
const { events, files: oldFiles } = JSON.parse(readFileSync(FIXTURE, 'utf8')) as {
  readonly events: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[]
  readonly files: readonly OldFile[]
}

let store: Store<typeof schema>
beforeAll(async () => {
  store = await openClient({ storeId: 'shop', clientId: 'new-app' })
})
afterAll(() => store.shutdownPromise())

const rows = () => store.query(rockpoolTables.rockpoolFiles)
const commit = (...list: readonly { readonly name: string; readonly args: unknown }[]) =>
  store.commit(...(list as never[]))

it('reads each file of livestore-filesync as its own table has it', async () => {
  commit(...events)
  const seen = rows().map(({ id, remoteKey, remoteUrl, deletedAt }) => ({
    id,
    contentHash: addressOfKey(remoteKey) as string,
    remoteKey: remoteUrl,
    deletedAt: deletedAt === null ? null : new Date(deletedAt).toISOString(),
  }))
  const expected = oldFiles.map(({ id, contentHash, remoteKey, deletedAt }) => ({
    id,
    contentHash,
    remoteKey,
    deletedAt,
  }))
  expect(seen).toEqual(expect.arrayContaining(expected))
  expect(seen).toHaveLength(expected.length)
  await until(() => store.syncStatus().isSynced)
})

it('says of their uploads that object storage has the content', () => {
  const stored = store.query(rockpoolTables.rockpoolRemoteContents)
  expect(stored.map(({ remoteKey }) => remoteKey)).toEqual(
    expect.arrayContaining(oldFiles.filter(({ remoteKey }) => remoteKey !== '').map(({ remoteKey }) => remoteKey)),
  )
  expect(stored.every((content) => content.stored && !content.proved)).toBe(true)
})

it('changes nothing when the events come again', () => {
  const before = rows()
  commit(...events)
  expect(rows()).toEqual(before)
})

it('reads on after events that name no file', async () => {
  const before = rows()
  commit(
    ...[undefined, null, 7, [], {}, { id: 'x', contentHash: 'abc', path: 'x', updatedAt: 'soon' }].flatMap((args) => [
      { name: 'v1.FileCreated', args },
      { name: 'v1.FileUpdated', args },
      { name: 'v1.FileDeleted', args },
    ]),
  )
  expect(rows()).toEqual(before)
  await until(() => store.syncStatus().isSynced)
})
