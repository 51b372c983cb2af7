/** Following the log: what other devices and tabs did, in time proportional to what changed. */
import { parseRemoteKey, type RemoteKey, type RockpoolError } from '@rockpool/protocol'
import { Clock, Effect, Queue } from 'effect'
import { change, type IndexChange, put, remove } from '../../ports/index-port.ts'
import type { ChangeCursor, RecordChanges } from '../../ports/record-log.ts'
import type { FileRecord, RemoteContent } from '../../records/record.ts'
import { notStoredAs, storedAs } from '../transfers/content-row.ts'
import { Device } from '../device.ts'
import { uploadIfNeeded } from '../transfers/enqueue.ts'
import { rowAfterStored, transferId } from '../transfers/transfer-row.ts'
import { PoolEmitter } from '../pool-emitter.ts'
import { newConflicts } from './new-conflicts.ts'
import { call, IndexPort, LogPort } from '../services.ts'

/** Operations taken in one step. */
const STEP = 500

/** Calls `step` with all changes after `from`, then of new ones as they come. Never ends. */
const followChanges = <R>(
  from: ChangeCursor | undefined,
  step: (changes: RecordChanges) => Effect.Effect<void, RockpoolError, R>,
) =>
  Effect.gen(function* () {
    const log = yield* LogPort
    const wake = yield* Queue.sliding<void>(1)
    yield* Effect.acquireRelease(
      Effect.sync(() => log.subscribe(() => void wake.unsafeOffer(undefined))),
      (unsubscribe) => Effect.sync(unsubscribe),
    )
    let cursor = from
    while (true) {
      const changes = yield* call(async () => log.changes(cursor, STEP))
      if (changes.subjects.length > 0) yield* step(changes)
      cursor = changes.cursor
      if (!changes.more) yield* Queue.take(wake)
    }
  }).pipe(Effect.scoped)

/**
 * The leader's part: mirrors live files into the index for the service worker, and keeps the queue: a live content that
 * this device does not know to be stored is uploaded; one that no live file names waits for a restore.
 */
export const mirrorFiles = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const device = yield* Device
    const log = yield* LogPort
    const engine = yield* call(() => index.get('engine', 'engine'))

    const liveFile = (key: RemoteKey) => log.filesWithContent(key).find(({ deletedAt }) => deletedAt === null)
    const afterFile = (file: FileRecord, now: number) =>
      Effect.gen(function* () {
        const { id, name, type, size, remoteKey } = file
        if (file.deletedAt === null) {
          return [put('files', { id, name, type, size, remoteKey }), ...(yield* uploadIfNeeded(file, now))]
        }
        if (liveFile(remoteKey)) return [remove('files', id)]
        const transfers = (['upload', 'download'] as const).map((direction) =>
          remove('transfers', transferId(direction, remoteKey)),
        )
        return [remove('files', id), ...transfers]
      })
    const afterContent = (key: RemoteKey, now: number) =>
      Effect.gen(function* () {
        const remote = log.remoteContent(key)
        // Whoever may write can claim that a content is stored: only the signer's word, which the sync server has verified,
        // ends an upload of this device. Word of a loss is believed so far that the signer is asked again.
        if (remote?.proved) return device.isStored(key) ? downloadAgain(key) : [...proved(key), ...downloadAgain(key)]
        if (remote && isLost(remote) && device.isStored(key)) yield* device.write([notStoredAs(key)], epoch)
        const file = liveFile(key)
        return [...(remote?.stored ? downloadAgain(key) : []), ...(file ? yield* uploadIfNeeded(file, now) : [])]
      })
    /** Object storage has had the content since this event came; an upload that is queued later asks the signer again. */
    const proved = (key: RemoteKey): readonly IndexChange[] => [
      storedAs(key),
      change('transfers', transferId('upload', key), (row) => row && rowAfterStored(row, 'proved')),
    ]
    /** A pinned content that was asked for before its device had stored it. */
    const downloadAgain = (key: RemoteKey): readonly IndexChange[] =>
      device.transfer('download', key)?.error?.code === 'not_found'
        ? [change('transfers', transferId('download', key), (row) => row && rowAfterStored(row, 'claimed'))]
        : []

    yield* followChanges(engine?.changeCursor ?? undefined, ({ subjects, cursor }) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const changes: IndexChange[] = []
        for (const subject of subjects) {
          if (parseRemoteKey(subject)) changes.push(...(yield* afterContent(subject as RemoteKey, now)))
          const file = log.file(subject)
          if (file) changes.push(...(yield* afterFile(file, now)))
          // Rolled back: the sync server refused it.
          else changes.push(remove('files', subject))
        }
        const moved = change('engine', 'engine', (row) => (row ? { ...row, changeCursor: cursor } : row))
        yield* device.write([...changes, moved], epoch)
      }),
    )
  })

/** Lost since it was last proved to be stored: a claim that came with the loss, or after it, does not hide that. */
const isLost = ({ stored, proved, seenAt }: RemoteContent): boolean => !stored || (!proved && seenAt !== null)

/** Every tab's part: tells the app of contents that object storage has, or has lost, and of conflicts. Starts with what is new. */
export const noticeContents = Effect.gen(function* () {
  const index = yield* IndexPort
  const log = yield* LogPort
  const emitter = yield* PoolEmitter
  const engine = yield* call(() => index.get('engine', 'engine'))
  // Without a cursor all there is comes, and conflicts of other times and devices are no news.
  let isNews = (engine?.changeCursor ?? null) !== null
  const emitted = new Set<string>()
  const emitConflicts = (file: FileRecord, opIds: ReadonlySet<string>) => {
    for (const version of newConflicts(log.versions(file.id), opIds)) {
      // A rebase applies events again.
      if (emitted.has(version.id)) continue
      emitted.add(version.id)
      emitter.emit({ event: 'conflict', detail: { file, version } })
    }
  }
  yield* followChanges(engine?.changeCursor ?? undefined, ({ subjects, opIds, more }) =>
    Effect.sync(() => {
      const applied = new Set(opIds)
      for (const subject of subjects) {
        const file = isNews ? log.file(subject) : undefined
        if (file) emitConflicts(file, applied)
        if (!parseRemoteKey(subject)) continue
        const key = subject as RemoteKey
        const content = log.remoteContent(key)
        if (!content) continue // taken back by a rebase for a moment; it comes again
        const event = content.stored ? 'stored' : 'lost'
        for (const file of log.filesWithContent(key)) emitter.emit({ event, detail: file })
      }
      isNews ||= !more
    }),
  )
})
