/** What a device has: its records, its index, its disk. */
import type { FileRecord, FileStatus, LocalIndex, Pool, SyncStatus } from '@rockpool/core'

export interface DeviceState {
  /** live files by id */
  readonly files: readonly FileRecord[]
  /** of live files, and of their kept versions */
  readonly wanted: readonly { readonly remoteKey: string; readonly size: number; readonly isStored: boolean }[]
  /** live files that are kept on this device */
  readonly pinned: readonly string[]
  /** names of events that wait to be confirmed, or for a person */
  readonly outbox: readonly string[]
  /** of the queue */
  readonly transfers: readonly string[]
  /** whole contents as the index has them: address, bytes, and when the row was written (unix ms) */
  readonly contents: readonly (readonly [address: string, size: number, writtenAt: number])[]
  /** whole contents on the disk: address and bytes */
  readonly disk: readonly (readonly [address: string, size: number])[]
  /** paths of temp files and damaged content */
  readonly rubbish: readonly string[]
  readonly sync: SyncStatus
  readonly isPaused: boolean
  /** of the files that are neither stored nor remote */
  readonly statuses: readonly (readonly [id: string, FileStatus['state'], string])[]
}

export const deviceState = async (pool: Pool, index: LocalIndex): Promise<DeviceState> => {
  const files = pool.files.list({ limit: Number.MAX_SAFE_INTEGER }).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const live = new Set(files.map(({ id }) => id))
  const named = files.flatMap(({ id, remoteKey, size }) => [{ remoteKey, size }, ...pool.versions(id)])
  const wanted = new Map(named.map(({ remoteKey, size }) => [remoteKey as string, { remoteKey, size }]))
  const [pins, outbox, transfers, contents, engine] = await Promise.all([
    index.getAll('pins'),
    index.getAll('outbox'),
    index.getAll('transfers'),
    index.getAll('contents'),
    index.get('engine', 'engine'),
  ])
  return {
    files,
    wanted: [...wanted.values()].map(({ remoteKey, size }) => ({
      remoteKey,
      size,
      isStored: pool.log.remoteContent(remoteKey)?.stored === true,
    })),
    pinned: pins.map(({ id }) => id).filter((id) => live.has(id)),
    outbox: outbox.map(({ event, refused }) => `${event.name}${refused ? ` refused: ${refused.code}` : ''}`),
    transfers: transfers.map(
      ({ id, state, attempts, notBefore, error }) =>
        `${id} ${state}, ${attempts} attempts, in ${notBefore - Date.now()} ms, ${error?.code ?? 'no error'} ${error?.message ?? ''}`,
    ),
    contents: contents.map(({ address, size, writtenAt }) => [address, size, writtenAt]),
    disk: (await pool.blobs.list()).filter(({ complete }) => complete).map(({ address, size }) => [address, size]),
    rubbish: await rubbishOf(pool.storeId),
    sync: pool.sync.current,
    isPaused: engine?.paused === true,
    statuses: files.flatMap((file) => {
      const { state, error } = pool.transfers.status(file)
      return ['stored', 'remote'].includes(state) ? [] : [[file.id, state, error?.code ?? ''] as const]
    }),
  }
}

const rubbishOf = async (storeId: string): Promise<readonly string[]> => {
  const origin = await navigator.storage.getDirectory()
  const root = await origin.getDirectoryHandle(`rockpool-${storeId}`)
  const paths: string[] = []
  for await (const [folder, handle] of root.entries()) {
    if (handle.kind === 'file') paths.push(folder)
    else if (folder !== 'contents') for await (const name of handle.keys()) paths.push(`${folder}/${name}`)
  }
  return paths
}
