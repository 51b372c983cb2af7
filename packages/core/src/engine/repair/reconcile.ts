/**
 * A full comparison of disk, index and log: after the index was lost, after an upgrade of its rows, and once a day. What one
 * lacks is derived from the others. Between passes `log/consume-changes.ts` reconciles what changes.
 */
import { addressOfKey, type RemoteKey } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import {
  change,
  type EngineRow,
  type IndexStep,
  type IndexTable,
  type ReconcileProgress,
} from '../../ports/local-index.ts'
import type { RecordLog } from '../../ports/record-log.ts'
import { Device } from '../device.ts'
import { keysNamedBy } from '../files/named-content.ts'
import { isRemoteKey, mirrorFile } from '../log/consume-changes.ts'
import { compareDisk } from './reconcile-disk.ts'
import { reconcileKeys } from './reconcile-keys.ts'
import { callPort, IndexPort, LogPort, Settings } from '../services.ts'
import { transferId } from '../transfers/transfer-row.ts'

/** Raise it when rows of the index mean something new: each device then compares everything once. */
export const ROWS_VERSION = 2

const DAY_MS = 24 * 60 * 60_000

/** Rows or operations per transaction. */
const STEP = 500

/** After a pass that failed. */
const FAILED_WAIT = '5 minutes'

/** Runs a full pass whenever one is due. A pass that fails resumes later. Never ends. */
export const reconcile = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const engine = yield* callPort(() => index.get('engine', 'engine'))
    // Due now, even if the wall clock was set back during the sleep.
    yield* Effect.sleep(nextPassIn(engine, yield* Clock.currentTimeMillis))
    yield* pass(epoch, yield* callPort(() => index.get('engine', 'engine')))
  }).pipe(
    Effect.catchIf(
      ({ code }) => code !== 'superseded' && code !== 'closed',
      (error) =>
        Effect.logWarning(`Comparing disk, index and log failed: ${error.message}`).pipe(
          Effect.andThen(Effect.sleep(FAILED_WAIT)),
        ),
    ),
    Effect.forever,
  )

/** ms until a full pass is due; 0: now. */
export const nextPassIn = (engine: Pick<EngineRow, 'rowsVersion' | 'reconcile'> | undefined, now: number): number => {
  const { phase = null, finishedAt = null } = engine?.reconcile ?? {}
  if (engine?.rowsVersion !== ROWS_VERSION || phase !== null || finishedAt === null) return 0
  // A clock that was ahead when the last pass ended must not put the next one off.
  const since = now - finishedAt
  return since < 0 || since >= DAY_MS ? 0 : DAY_MS - since
}

/**
 * Runs a pass, or resumes an interrupted one. Its end says that the index has a row for each content of this disk, so a pass under
 * which the browser clears the index does not count: only the beginning makes a row.
 */
const pass = (epoch: number, engine: EngineRow | undefined) =>
  Effect.gen(function* () {
    const began = engine?.reconcile?.phase ?? null
    if (began === null) yield* saveProgress(epoch, { phase: 'disk', cursor: null })
    if (began === null || began === 'disk') {
      yield* compareDisk(epoch)
      yield* saveProgress(epoch, { phase: 'records', cursor: null })
    }
    if (began !== 'rows') {
      yield* compareRecords(epoch)
      yield* saveProgress(epoch, { phase: 'rows', cursor: null })
    }
    yield* compareRows(epoch)
    const finishedAt = yield* Clock.currentTimeMillis
    yield* saveProgress(epoch, { phase: null, cursor: null, finishedAt })
  })

const saveProgress = (epoch: number, progress: Partial<ReconcileProgress>) =>
  Effect.flatMap(Device, (device) => device.write([progressed(epoch, progress)], epoch))

const progressed = (epoch: number, progress: Partial<ReconcileProgress>): IndexStep =>
  change('engine', 'engine', (row) => {
    if (progress.phase !== 'disk' && (row?.reconcile?.phase ?? null) === null) return row
    const reconcile = { finishedAt: null, phase: null, cursor: null, ...row?.reconcile, ...progress }
    const version = reconcile.phase === null ? { rowsVersion: ROWS_VERSION } : {}
    return { id: 'engine', epoch, changeCursor: null, confirmationCursor: null, ...row, ...version, reconcile }
  })

/** Reads the whole log, and reconciles the content that concerns this device. */
const compareRecords = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const device = yield* Device
    const log = yield* LogPort
    const engine = yield* callPort(() => index.get('engine', 'engine'))
    const keysOf = (table: IndexTable) =>
      Effect.map(
        callPort(() => index.keys(table)),
        (keys) => new Set(keys),
      )
    const here = {
      contents: yield* keysOf('contents'),
      transfers: yield* keysOf('transfers'),
      pins: yield* keysOf('pins'),
    }
    let cursor = engine?.reconcile?.cursor ?? undefined
    while (true) {
      const changes = yield* callPort(async () => log.changes(cursor, STEP))
      const concerned = yield* callPort(async () =>
        changes.subjects
          .flatMap((subject) => contentsOf(log, subject, here.pins))
          .filter(
            ({ key, isPinned }) =>
              isPinned ||
              here.contents.has(addressOfKey(key)) ||
              DIRECTIONS.some((direction) => here.transfers.has(transferId(direction, key))),
          ),
      )
      const toAsk = new Set<RemoteKey>()
      yield* device.write(
        [
          // The checks of the previous page are queued by now.
          progressed(epoch, { cursor: cursor ?? null }),
          ...changes.subjects.filter((subject) => !isRemoteKey(subject)).map((id) => mirrorFile(id, log)),
          ...(yield* reconcileKeys(new Set(concerned.map(({ key }) => key)), {
            occasion: 'pass',
            onAsk: (key) => void toAsk.add(key),
          })),
        ],
        epoch,
      )
      yield* queueChecks(toAsk, epoch)
      cursor = changes.cursor
      if (!changes.more) return
    }
  })

const DIRECTIONS = ['upload', 'download'] as const

const contentsOf = (log: RecordLog, subject: string, pins: ReadonlySet<string>) => {
  const current = log.file(subject)?.remoteKey
  return keysNamedBy(log, subject).map((key) => ({ key, isPinned: key === current && pins.has(subject) }))
}

/** Queues uploads one by one at a low rate: the first step of each checks whether the content is stored. */
const queueChecks = (keys: ReadonlySet<RemoteKey>, epoch: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    const { checksPerMinute } = yield* Settings
    for (const key of keys) {
      yield* device.write(yield* reconcileKeys([key], { occasion: 'pass' }), epoch)
      yield* Effect.sleep(60_000 / checksPerMinute)
    }
  })

/** Deletes rows that nothing references any more. */
const compareRows = (epoch: number) =>
  Effect.gen(function* () {
    const log = yield* LogPort
    yield* inPages('files', (ids) => Effect.succeed(ids.map((id) => dropFile(id, log))), epoch)
    yield* inPages(
      'transfers',
      (ids) =>
        reconcileKeys(new Set(ids.map((id) => id.slice(id.indexOf(':') + 1)).filter(isRemoteKey)), {
          occasion: 'pass',
        }),
      epoch,
    )
  })

/** Only removes rows: a row that differs from its file is updated by the mirror, which reconciles its content, too. */
const dropFile = (id: string, log: Pick<RecordLog, 'file'>): IndexStep =>
  change('files', id, (row) => (log.file(id)?.deletedAt === null ? row : undefined))

const inPages = <E, R>(
  table: IndexTable,
  stepsFor: (keys: readonly string[]) => Effect.Effect<readonly IndexStep[], E, R>,
  epoch: number,
) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const device = yield* Device
    let after: string | undefined
    while (true) {
      const page = { after, limit: STEP }
      const keys = yield* callPort(() => index.keys(table, page))
      yield* device.write(yield* stepsFor(keys), epoch)
      if (keys.length < STEP) return
      after = keys.at(-1)
    }
  })
