/**
 * Buckets that hold: notes which files wait, and what happens at the end of the wait. Content is held without it, too; see
 * `holds.ts`.
 */
import type { Buckets, HoldRules, RemoteKey, StoreId } from '@rockpool/protocol'
import type { Clock, FileEvent } from '@rockpool/sync-server'
import type { Appends } from '../events/appends.ts'
import { nextTurn } from '../events/next-turn.ts'
import { createStoreLoops } from '../events/store-loops.ts'
import type { ReadableLogs } from '../rest/services.ts'
import type { HeldFile, HoldDecision, Holds } from './holds.ts'

export interface HoldKeeperOptions {
  /** of the configuration; those that do not hold are ignored */
  readonly buckets: Buckets
  readonly holds: Holds
  readonly logs: ReadableLogs
  readonly appends: Pick<Appends, 'watchAll'>
  readonly deleteFiles: (storeId: StoreId, fileIds: readonly string[]) => Promise<void>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

export interface HoldKeeper {
  /** Releases or refuses a content of a bucket that holds, with what that means for its files. */
  decide(bucket: string, remoteKey: RemoteKey, state: HoldDecision): Promise<void>
  /** The same for a content without a decision; one that was made since the caller looked counts. */
  decideHeld(bucket: string, remoteKey: RemoteKey, state: HoldDecision): Promise<void>
  stop(): Promise<void>
}

/** Between two looks for waits that have ended. What failed is tried again then, too. */
export const SWEEP_MS = 5_000
/** Events, and files whose wait has ended, at a time. */
const PAGE = 100

export const startHoldKeeper = async (options: HoldKeeperOptions): Promise<HoldKeeper> => {
  const { buckets, holds, logs, appends, deleteFiles, clock, onError } = options
  const rulesOf = (bucket: string): HoldRules | undefined =>
    Object.hasOwn(buckets, bucket) ? buckets[bucket]!.hold : undefined
  const names = Object.keys(buckets).filter((name) => rulesOf(name) !== undefined)
  const stopping = new AbortController()
  /** stores whose events could not be read */
  const failed = new Set<StoreId>()

  /** Deletes the file if it still has the content. */
  const end = async (bucket: string, storeId: StoreId, fileId: string, remoteKey: RemoteKey) => {
    if (rulesOf(bucket)?.refused !== 'delete') return
    const { readModel } = await logs.open(storeId)
    const file = await readModel.file(fileId)
    if (file?.remoteKey === remoteKey && file.deletedAt === null) await deleteFiles(storeId, [fileId])
  }

  /** Ends the wait of the files of a decided content. What a crash leaves out is done when the wait is over. */
  const endWaitsOf = async (bucket: string, remoteKey: RemoteKey) => {
    // A file may begin to wait while another one is deleted.
    for (let files = await holds.filesOf(remoteKey); files.length > 0; files = await holds.filesOf(remoteKey)) {
      for (const file of files) {
        // Read for each file: once a release is stored, no more are deleted.
        if ((await holds.stateOf(remoteKey)) === 'refused') await end(bucket, file.storeId, file.fileId, remoteKey)
        await holds.endWait(file)
      }
    }
  }

  const decide: HoldKeeper['decide'] = async (bucket, remoteKey, state) => {
    await holds.decide(remoteKey, state, clock.now())
    await endWaitsOf(bucket, remoteKey)
  }

  const decideHeld: HoldKeeper['decideHeld'] = async (bucket, remoteKey, state) => {
    await holds.decideHeld(remoteKey, state, clock.now())
    await endWaitsOf(bucket, remoteKey)
  }

  const note = async (storeId: StoreId, { kind, bucket, remoteKey, fileId }: FileEvent) => {
    if (rulesOf(bucket) === undefined || !NEW_CONTENT.has(kind)) return
    const state = await holds.stateOf(remoteKey)
    if (state === 'held') await holds.wait({ remoteKey, storeId, fileId, bucket, since: clock.now() })
    if (state === 'refused') await end(bucket, storeId, fileId, remoteKey)
  }

  const readEvents = async (storeId: StoreId) => {
    const log = await logs.open(storeId)
    const { backendId, readModel } = log
    const known = await holds.readUpTo(storeId, names)
    let since = known?.backendId === backendId && known.seqNum <= (await log.head()) ? known.seqNum : 0
    for (let more = true; more && !stopping.signal.aborted;) {
      const page = await readModel.fileEvents({ since, limit: PAGE })
      for (const event of page.events) await note(storeId, event)
      since = page.next
      more = page.more
      await holds.setReadUpTo(storeId, names, { backendId, seqNum: since })
      if (more) await nextTurn()
    }
  }

  const attempt = async (work: () => Promise<void>, onFailure = () => {}) => {
    try {
      await work()
    } catch (error) {
      if (stopping.signal.aborted) return
      onFailure()
      onError(error)
    }
  }

  const loops = createStoreLoops(
    (storeId) =>
      attempt(
        () => readEvents(storeId),
        () => failed.add(storeId),
      ),
    stopping.signal,
  )

  let cancelTimer = () => {}
  let sweeping: Promise<void> = Promise.resolve()
  const sweep = async () => {
    const retried = [...failed]
    failed.clear()
    for (const storeId of retried) loops.wake(storeId)
    for (const bucket of names) await attempt(() => endWaits(bucket))
  }

  /** Waits that cannot be ended keep none of the later ones from its end. */
  const endWaits = async (bucket: string) => {
    const before = clock.now() - rulesOf(bucket)!.waitSeconds * 1_000
    /** A log that is damaged fails for each of its files: one line says so. */
    const reported = new Set<StoreId>()
    let after: HeldFile | undefined
    do {
      const files = await holds.waitingSince(bucket, before, { limit: PAGE, after })
      for (const { remoteKey, storeId } of files) {
        if (stopping.signal.aborted) return
        try {
          await decideHeld(bucket, remoteKey, 'refused')
        } catch (error) {
          if (stopping.signal.aborted) return
          if (!reported.has(storeId)) onError(error)
          reported.add(storeId)
        }
      }
      after = files.at(-1)
    } while (after)
  }

  const schedule = () => {
    cancelTimer = clock.setTimer(() => {
      sweeping = attempt(sweep).finally(() => {
        if (!stopping.signal.aborted) schedule()
      })
    }, SWEEP_MS)
  }

  let stopWatching = () => {}
  if (names.length > 0) {
    stopWatching = appends.watchAll(loops.wake)
    for (const storeId of (await logs.storeIds?.()) ?? []) loops.wake(storeId)
    schedule()
  }
  return {
    decide,
    decideHeld,
    stop: async () => {
      stopWatching()
      stopping.abort(new Error('The server is stopping.'))
      cancelTimer()
      await Promise.all([loops.ended(), sweeping])
    },
  }
}

const NEW_CONTENT: ReadonlySet<FileEvent['kind']> = new Set<FileEvent['kind']>(['added', 'replaced', 'restored'])
