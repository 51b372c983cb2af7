/** Consumers of the log's changes, by this and other devices. Cost is proportional to the number of changes. */
import { parseRemoteKey, type RemoteKey, type RockpoolError } from '@rockpool/protocol'
import { Effect, Queue } from 'effect'
import { change, decision, type FileRow, type IndexStep, put, remove } from '../../ports/local-index.ts'
import type { ChangeCursor, RecordChanges, RecordLog } from '../../ports/record-log.ts'
import type { FileRecord } from '../../records/record.ts'
import { Device } from '../device.ts'
import { PoolEmitter } from '../pool-emitter.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { newConflicts } from './new-conflicts.ts'
import { callPort, IndexPort, LogPort } from '../services.ts'
import { subscribed } from '../subscribed.ts'

/** Operations taken in one step. */
const STEP = 500

/** Calls `step` with all changes after `from`, then with new ones as they come. Never ends. */
const consumeChanges = <R>(
  from: ChangeCursor | undefined,
  step: (changes: RecordChanges) => Effect.Effect<void, RockpoolError, R>,
) =>
  Effect.gen(function* () {
    const log = yield* LogPort
    const wake = yield* Queue.sliding<void>(1)
    yield* subscribed(() => log.subscribe(() => void wake.unsafeOffer(undefined)))
    let cursor = from
    while (true) {
      const changes = yield* callPort(async () => log.changes(cursor, STEP))
      if (changes.subjects.length > 0) yield* step(changes)
      cursor = changes.cursor
      if (!changes.more) yield* Queue.take(wake)
    }
  }).pipe(Effect.scoped)

/** Mirrors live files into the index for the service worker, and reconciles their content. Runs in the leader. */
export const mirrorFiles = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const device = yield* Device
    const log = yield* LogPort
    const engine = yield* callPort(() => index.get('engine', 'engine'))

    yield* consumeChanges(engine?.changeCursor ?? undefined, ({ subjects, cursor }) =>
      Effect.gen(function* () {
        const contents = new Set(subjects.filter(isRemoteKey))
        const ids = subjects.filter((subject) => !isRemoteKey(subject))
        // Only the leader writes these rows, so they are the files as this log had them before.
        const before = yield* callPort(() => index.getMany('files', ids))
        const ofFiles = new Set(
          yield* callPort(async () => ids.flatMap((id, i) => changedContents(log, log.file(id), before[i]))),
        )
        yield* device.write(
          [
            ...ids.map((id) => mirrorFile(id, log)),
            ...(yield* reconcileKeys(contents, { occasion: 'content' })),
            ...(yield* reconcileKeys(
              [...ofFiles].filter((key) => !contents.has(key)),
              { occasion: 'file' },
            )),
            change('engine', 'engine', (row) => row && { ...row, changeCursor: cursor }),
          ],
          epoch,
        )
      }),
    )
  })

export const isRemoteKey = (subject: string): subject is RemoteKey => parseRemoteKey(subject) !== undefined

/** Content that may have become wanted or unwanted with the change of the file. */
const changedContents = (
  log: RecordLog,
  file: FileRecord | undefined,
  before: FileRow | undefined,
): readonly RemoteKey[] => {
  const former = before ? [before.remoteKey] : []
  if (!file) return former
  if (before && file.deletedAt === null) return [file.remoteKey, ...former]
  return [file.remoteKey, ...former, ...log.versions(file.id).map(({ remoteKey }) => remoteKey)]
}

/** Writes the file's row for the service worker, from the log as it is at the time of the write. */
export const mirrorFile = (id: string, log: Pick<RecordLog, 'file'>): IndexStep =>
  decision([{ table: 'files', key: id }], (rows) => {
    const file = log.file(id)
    const row = rows.get('files', id)
    // Unknown: rolled back, since the sync server refused it.
    if (!file || file.deletedAt !== null) return row ? [remove('files', id)] : []
    const { name, type, size, remoteKey, updatedAt } = file
    const next: FileRow = { id, name, type, size, remoteKey, modifiedAt: updatedAt }
    const columns = Object.keys(next) as (keyof FileRow)[]
    return row && columns.every((column) => row[column] === next[column]) ? [] : [put('files', next)]
  })

/** Emits `stored`, `lost` and `conflict` for new changes of the log. Runs in every tab. */
export const emitContentChanges = Effect.gen(function* () {
  const index = yield* IndexPort
  const log = yield* LogPort
  const emitter = yield* PoolEmitter
  const engine = yield* callPort(() => index.get('engine', 'engine'))
  // Without a cursor the first read returns everything: old conflicts must not be emitted.
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
  yield* consumeChanges(engine?.changeCursor ?? undefined, ({ subjects, opIds, more }) =>
    Effect.sync(() => {
      const applied = new Set(opIds)
      for (const subject of subjects) {
        const file = isNews ? log.file(subject) : undefined
        if (file) emitConflicts(file, applied)
        if (!isRemoteKey(subject)) continue
        const content = log.remoteContent(subject)
        if (!content) continue // a rebase rolled it back for a moment; another change follows
        const event = content.stored ? 'stored' : 'lost'
        for (const named of log.filesWithContent(subject)) emitter.emit({ event, detail: named })
      }
      isNews ||= !more
    }),
  )
})
