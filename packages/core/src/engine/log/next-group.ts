/** Decisions of group commit: which commits share an index transaction, and which files each one sees. Pure. */
import type { RockpoolError } from '@rockpool/protocol'
import type { Effect } from 'effect'
import type { IndexStep } from '../../ports/local-index.ts'
import { recordAfter } from '../../records/apply.ts'
import type { PoolEvent } from '../../records/events.ts'
import type { FileRecord } from '../../records/record.ts'

/** One event and the index rows that must be on disk together with it. */
export interface Commit {
  readonly event: PoolEvent
  readonly changes: readonly IndexStep[]
  /** the leader's epoch for a fenced write; undefined for a person's own change */
  readonly epoch: number | undefined
  /** Called with the file that the event names, as earlier commits leave it. @returns why the commit must not be made */
  readonly precondition: ((file: FileRecord | undefined) => RockpoolError | undefined) | undefined
  /** what takes `changes` back, should the log refuse the event */
  readonly undo: Effect.Effect<readonly IndexStep[], RockpoolError> | undefined
}

/** Events in one commit: each has up to 10 KB, and the sync server takes at most 1 MiB in a push. */
export const MAX_GROUP = 100

/**
 * The longest-waiting commit and those behind it with the same epoch, in their order. A commit of a superseded leader is
 * refused whole, so it never shares a transaction with a person's changes.
 */
export const nextGroup = <C extends Pick<Commit, 'epoch'>>(
  waiting: readonly C[],
): { readonly group: readonly C[]; readonly rest: readonly C[] } => {
  const group: C[] = []
  const rest: C[] = []
  for (const commit of waiting) {
    const fits = commit.epoch === waiting[0]!.epoch && group.length < MAX_GROUP
    ;(fits ? group : rest).push(commit)
  }
  return { group, rest }
}

export type Admission<C> =
  /** `file`: the record as this commit leaves it; undefined for an event that names no known file */
  | { readonly commit: C; readonly file: FileRecord | undefined; readonly error?: undefined }
  | { readonly commit: C; readonly error: RockpoolError }

/** Checks the preconditions of a group in order: each commit sees the files as the admitted ones before it leave them. */
export const admit = <C extends Pick<Commit, 'event' | 'precondition'>>(
  group: readonly C[],
  fileInLog: (id: string) => FileRecord | undefined,
): readonly Admission<C>[] => {
  const files = new Map<string, FileRecord | undefined>()
  return group.map((commit) => {
    const { event, precondition } = commit
    const id = 'id' in event.args ? event.args.id : undefined
    const before = id === undefined ? undefined : files.has(id) ? files.get(id) : fileInLog(id)
    const error = precondition?.(before)
    if (error) return { commit, error }
    const file = id === undefined ? undefined : recordAfter(event, before)
    if (id !== undefined) files.set(id, file)
    return { commit, file }
  })
}
