/**
 * Garbage collection of one store: deletes contents that nothing names any more.
 *
 * What makes it safe beside devices that work at the same time: the log is read at most a minute before each delete, and
 * again after; a content named in between is reported lost, and its holder sends it again. A device evicts its copy only an
 * hour after the log confirmed the content, and only when the signer, asked in that moment, still has it (ARCHITECTURE.md,
 * "Garbage collection", "Space"). So a content is deleted only while every device that could name it keeps its bytes.
 */
import { listAll, type ObjectStore } from '@rockpool/object-store'
import { contentKeyOf, parseRemoteKey, partsKey, type RemoteKey, RockpoolError, type StoreId } from '@rockpool/protocol'
import { objectsOf } from '@rockpool/signer'
import { type KeyLocks, memoryKeyLocks } from './key-locks.ts'
import type { LiveSet, LiveSets } from './live-set.ts'
import { overtaken, readMemory } from './state.ts'
import { type CollectorRules, DEFAULT_RULES, distrust, verdictOn } from './verdict.ts'

/** A live set older than this is not acted on. */
const FRESH_MS = 60_000

/** A collector that died may have sent deletes, and its clock may be wrong by minutes. */
const TAKEOVER_MS = 20 * 60_000

/** Contents deleted between two readings of the log. */
const BATCH = 500

export interface CollectOptions {
  readonly store: ObjectStore
  readonly liveSets: LiveSets
  readonly storeId: StoreId
  /** keep the collector off what uploads are about to name; there are none unless set */
  readonly keyLocks?: KeyLocks
  readonly rules?: CollectorRules
  /** only say what would go */
  readonly dryRun?: boolean
  /** an operator has looked: the log is right though it names fewer files, or is another one */
  readonly accept?: boolean
  readonly signal?: AbortSignal
  /** unix ms */
  readonly now?: () => number
}

export interface CollectReport {
  /** contents looked at */
  readonly seen: number
  /** nothing was deleted: it was a dry run, or the first run of the store */
  readonly planOnly: boolean
  /** contents deleted, or when nothing is deleted: that would be */
  readonly deleted: number
  readonly bytes: number
  /** contents that were deleted while somebody named them, and reported lost */
  readonly lost: number
  /** contents that go when the retention ends */
  readonly waiting: number
}

interface Candidate {
  readonly key: RemoteKey
  readonly size: number
  readonly modifiedAt: number
  /** its digest list is there */
  parts: boolean
}

/**
 * Collects in one store. The first run of a store only plans: no earlier run shows whether its log is right. A later one
 * acts.
 *
 * @throws RockpoolError `conflict` when the log is not to be trusted, or another collector is at work in this store;
 *   what the store and the log threw. Nothing more is deleted then
 */
export const collect = async (options: CollectOptions): Promise<CollectReport> => {
  const { store, liveSets, storeId, rules = DEFAULT_RULES, dryRun = false, accept = false } = options
  const { signal = new AbortController().signal, now = Date.now, keyLocks = memoryKeyLocks() } = options
  const memory = await readMemory(store, storeId, signal)
  const before = memory.state
  const planOnly = dryRun || before === undefined
  const interrupted = before?.pending ?? []
  // Its collector may live, and delete one of them after this one has looked.
  if (interrupted.length > 0 && !dryRun && now() - memory.writtenAt < TAKEOVER_MS) throw overtaken()
  let set = await liveSets.read(storeId, signal)
  const trusted = (next: LiveSet) => {
    const reason = distrust(before, next)
    if (reason === undefined || accept) return next
    throw new RockpoolError(
      'conflict',
      `${reason} Nothing was deleted. If that is right, run once: rockpool-server gc --accept`,
    )
  }
  trusted(set)

  const report = { planOnly, seen: 0, deleted: 0, bytes: 0, lost: 0, waiting: 0 }
  const goneSince: Record<string, number> = {}
  const remember = async (pending: readonly RemoteKey[]) => {
    if (dryRun) return
    const { logId, named } = set
    await memory.write({ logId, namedCount: named.size, goneSince: { ...before?.goneSince, ...goneSince }, pending })
  }

  /** Reports what was deleted though the log names it by now. */
  const heal = async (deleted: readonly RemoteKey[]) => {
    set = await liveSets.read(storeId, signal)
    const lost: RemoteKey[] = []
    for (const key of deleted) {
      if (!set.live.has(key)) continue
      for (const name of objectsOf(key)) {
        if (await store.exists(name, { signal })) continue
        lost.push(key)
        break
      }
    }
    if (lost.length > 0) await liveSets.reportLost(storeId, lost, signal)
    report.lost += lost.length
  }

  /** Those that go by the log as it is now. */
  const readDoomed = async (candidates: readonly Candidate[]) => {
    set = trusted(await liveSets.read(storeId, signal))
    return candidates.filter(
      (each) => verdictOn(each, set, before?.goneSince[each.key], rules, now()).kind === 'delete',
    )
  }

  const drop = async (candidates: readonly Candidate[]) => {
    if (candidates.length === 0) return
    if (planOnly) return count(await readDoomed(candidates))
    const readAt = now()
    const gone: Candidate[] = []
    let deleting: RemoteKey | undefined
    // Before the log is read: an upload that ends later finds what is deleted here gone.
    const lock = await keyLocks.tryExclusive(candidates.map(({ key }) => key))
    try {
      const going = await readDoomed(candidates.filter(({ key }) => lock.keys.has(key)))
      for (const { key } of candidates) if (set.live.has(key)) delete goneSince[key]
      await remember(going.map(({ key }) => key))
      for (const each of going) {
        // The process may have slept since the log was read; what is left waits for the next run.
        if (now() - readAt > FRESH_MS) break
        deleting = each.key
        // The digest list first: else an upload that completes in between would find it there, and lose it then.
        if (each.parts) await store.delete(partsKey(each.key), { signal, before: lock.deleteBefore() })
        await store.delete(each.key, { signal, before: lock.deleteBefore() })
        deleting = undefined
        await lock.release([each.key])
        delete goneSince[each.key]
        gone.push(each)
      }
    } finally {
      // A delete that failed may take effect later: its key stays locked as long.
      lock.end()
      await lock.release([...lock.keys].filter((key) => key !== deleting))
    }
    count(gone)
    await heal(gone.map(({ key }) => key))
    await remember([])
  }
  const count = (gone: readonly Candidate[]) => {
    report.deleted += gone.length
    report.bytes += gone.reduce((sum, { size }) => sum + size, 0)
  }

  // A run that died between deleting and looking again left these.
  if (interrupted.length > 0 && !dryRun) await heal(interrupted)

  let batch: Candidate[] = []
  for await (const content of contents(store, storeId, signal)) {
    report.seen++
    const verdict = verdictOn(content, set, before?.goneSince[content.key], rules, now())
    if (verdict.kind === 'wait') {
      goneSince[content.key] = verdict.goneSince
      report.waiting++
    }
    if (verdict.kind === 'delete') {
      // It waited its time: should it not be reached in this run, it does not wait again.
      const since = before?.goneSince[content.key]
      if (since !== undefined) goneSince[content.key] = since
      batch.push(content)
    }
    if (batch.length === BATCH) {
      await drop(batch)
      batch = []
    }
  }
  await drop(batch)
  // Only what still waits is remembered. A content that is named again loses its waiting time.
  if (!dryRun) await memory.write({ logId: set.logId, namedCount: set.named.size, goneSince, pending: [] })
  return report
}

/** The contents of a store, each with whether its digest list is there; a digest list without its content as one, too. */
async function* contents(store: ObjectStore, storeId: StoreId, signal: AbortSignal): AsyncGenerator<Candidate> {
  let last: Candidate | undefined
  for await (const { key, size, modifiedAt } of listAll(store, `${storeId}/`, { signal })) {
    const name = contentKeyOf(key)
    // Anything else was put there past the signer: not ours to delete.
    if (!parseRemoteKey(name)) continue
    // In the order of keys a digest list comes right behind its content.
    if (key !== name && last?.key === name) {
      last.parts = true
      continue
    }
    if (last) yield last
    last = { key: name as RemoteKey, size, modifiedAt, parts: key !== name }
  }
  if (last) yield last
}
