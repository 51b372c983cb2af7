import { type FileQuery, type FileRecord, reuseUnchanged, type Pool, isSameRecord } from '@rockpool/core'
import { useMemo, useSyncExternalStore } from 'react'
import { usePool } from './pool-context.ts'

/** The live files that `query` asks for, newest first. The same array, and the same records in it, while nothing changed. */
export const useFiles = (query: FileQuery = {}): readonly FileRecord[] => {
  const pool = usePool()
  const { bucket, search, limit, offset } = query
  const source = useMemo(
    () =>
      filesSource(pool, {
        ...(bucket !== undefined && { bucket }),
        ...(search !== undefined && { search }),
        ...(limit !== undefined && { limit }),
        ...(offset !== undefined && { offset }),
      }),
    [pool, bucket, search, limit, offset],
  )
  return useSyncExternalStore(source.subscribe, source.snapshot, source.snapshot)
}

/** The live file with this id, else undefined. The same record while nothing changed. */
export const useFile = (id: string): FileRecord | undefined => {
  const pool = usePool()
  const source = useMemo(() => fileSource(pool, id), [pool, id])
  return useSyncExternalStore(source.subscribe, source.snapshot, source.snapshot)
}

interface Source<Snapshot> {
  readonly subscribe: (changed: () => void) => () => void
  readonly snapshot: () => Snapshot
}

const filesSource = (pool: Pool, query: FileQuery): Source<readonly FileRecord[]> => {
  let files = pool.files.list(query)
  return {
    snapshot: () => files,
    subscribe: (changed) =>
      pool.files.subscribe(query, (next) => {
        const kept = reuseUnchanged(files, next)
        if (kept === files) return
        files = kept
        changed()
      }),
  }
}

const fileSource = (pool: Pool, id: string): Source<FileRecord | undefined> => {
  let file = pool.files.get(id)
  const read = () => {
    const next = pool.files.get(id)
    if (!isSameRecord(file, next)) file = next
    return file
  }
  return { snapshot: read, subscribe: (changed) => pool.log.subscribe(changed) }
}
