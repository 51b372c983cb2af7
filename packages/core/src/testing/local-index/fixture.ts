/** What the cases of the suite share. */
import { hashContent, buildRemoteKey, EMPTY_ADDRESS } from '@rockpool/protocol'
import type { ContentRow, EngineRow, FileRow, LocalIndex, IndexTable, IndexTables } from '../../ports/local-index.ts'
import type { ChangeCursor } from '../../ports/record-log.ts'

export interface IndexFixture extends AsyncDisposable {
  readonly index: LocalIndex
  /** A further handle on the same storage, as another tab has. */
  another(): Promise<LocalIndex>
  /** Closes all handles and opens a new one on the same storage. */
  reopen(): Promise<LocalIndex>
}

export type MakeIndex = () => Promise<IndexFixture>

const KEY = buildRemoteKey({ storeId: 'store', bucket: 'files', address: EMPTY_ADDRESS })

export const fileRow = (id: string, size = 0): FileRow => ({
  id,
  name: 'reef.jpg',
  type: 'image/jpeg',
  size,
  remoteKey: KEY,
})

export const idsOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => String(i).padStart(2, '0'))

export const engineRow = (epoch: number): EngineRow => ({
  id: 'engine',
  epoch,
  changeCursor: 'c7' as ChangeCursor,
  confirmationCursor: null,
})

export const sampleRows = async (): Promise<IndexTables> => {
  const { address, size, digests } = await hashContent([new TextEncoder().encode('reef')])
  const contents: ContentRow = { address, size, digests, writtenAt: 1_000, pinned: true }
  return {
    contents,
    transfers: {
      id: `upload:${KEY}`,
      direction: 'upload',
      remoteKey: KEY,
      size: 3,
      type: 'text/plain',
      state: 'blocked',
      attempts: 2,
      notBefore: 3_000,
      error: { code: 'forbidden', message: 'Ask for the right to write.' },
      uploadId: null,
      createdAt: 1_000,
    },
    outbox: {
      id: '0000000001',
      event: {
        name: 'v2.FileAdded',
        opId: 'op-1',
        args: {
          id: 'f1',
          name: 'Größe 🪸.jpg',
          type: 'image/jpeg',
          size: 0,
          remoteKey: KEY,
          meta: { album: null, tags: ['a', { b: 1.5 }] },
          at: 1_000,
        },
      },
    },
    files: fileRow('f1', 3),
    pins: { id: 'f1', pinnedAt: 1_000 },
    suspects: { remoteKey: KEY, state: 'checking', misses: 1, again: false, dueAt: 3_000 },
    session: { id: 'session', storeId: 'store', user: 'u', signerUrl: 'https://signer.test', token: 'secret' },
    engine: engineRow(1),
  }
}

/** Collects the keys that a handle is notified of. */
export const collectKeys = (index: LocalIndex) => {
  const keys: string[] = []
  let wake = () => {}
  index.subscribe((changed) => {
    keys.push(...changed.map(({ table, key }) => `${table} ${key}`))
    wake()
  })
  return {
    keys,
    /** Waits for these keys, and removes them from the list. */
    async heard(...wanted: readonly (readonly [IndexTable, string])[]): Promise<void> {
      for (const [table, key] of wanted) {
        while (!keys.includes(`${table} ${key}`)) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        keys.splice(keys.indexOf(`${table} ${key}`), 1)
      }
    },
  }
}
