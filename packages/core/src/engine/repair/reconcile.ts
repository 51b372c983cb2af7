/**
 * A full comparison of disk, index and log: after the index was lost, with new rows of the engine, and once a day. What one of
 * them lacks is derived from the others. Between passes the mirror (`log/follow-log.ts`) keeps them together by what changes.
 */
import { addressOfKey, type ContentAddress, hashContent, type RemoteKey, type RockpoolError } from '@rockpool/protocol'
import { Clock, Effect, Option } from 'effect'
import {
  change,
  type EngineRow,
  type IndexStep,
  type IndexTable,
  put,
  type ReconcileProgress,
  remove,
} from '../../ports/index-port.ts'
import type { RecordLog } from '../../ports/record-log.ts'
import { Device } from '../device.ts'
import { ownKey } from '../files/owner.ts'
import { KEEPING } from '../files/named-content.ts'
import { hold, holdIfFree } from '../leadership/locks.ts'
import { isRemoteKey, mirrorFile } from '../log/follow-log.ts'
import { reconcileKeys } from './reconcile-keys.ts'
import { BlobPort, call, IndexPort, LogPort, Platform, Settings } from '../services.ts'
import { contentRow } from '../transfers/content-row.ts'
import { transferId } from '../transfers/transfer-row.ts'

/** Raise it when rows of the index mean something new: each device then compares everything once. */
export const ROWS_VERSION = 2

const DAY_MS = 24 * 60 * 60_000

/** Rows or operations that are looked at in one transaction. */
const STEP = 500

/** After a pass that failed. */
const FAILED_WAIT = '5 minutes'

/** Adds are under way most of the time on a busy device: the disk is listed when none is. */
const DISK_BUSY_WAIT = '1 minute'

/** Runs a full pass whenever one is due. Never ends; a pass that fails goes on later, and holds up nothing else. */
export const reconcile = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const engine = yield* call(() => index.get('engine', 'engine'))
    // The time has passed then, whatever has become of the clock.
    yield* Effect.sleep(nextPassIn(engine, yield* Clock.currentTimeMillis))
    yield* pass(epoch, yield* call(() => index.get('engine', 'engine')))
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

/** Goes on where a pass was interrupted. */
const pass = (epoch: number, engine: EngineRow | undefined) =>
  Effect.gen(function* () {
    const began = engine?.reconcile?.phase ?? null
    if (began === null) yield* note(epoch, { phase: 'disk', cursor: null })
    if (began === null || began === 'disk') {
      yield* compareDisk(epoch)
      yield* note(epoch, { phase: 'records', cursor: null })
    }
    if (began !== 'rows') {
      yield* compareRecords(epoch)
      yield* note(epoch, { phase: 'rows', cursor: null })
    }
    yield* compareRows(epoch)
    const finishedAt = yield* Clock.currentTimeMillis
    yield* note(epoch, { phase: null, cursor: null, finishedAt })
  })

const note = (epoch: number, progress: Partial<ReconcileProgress>) =>
  Effect.flatMap(Device, (device) => device.write([progressed(epoch, progress)], epoch))

const progressed = (epoch: number, progress: Partial<ReconcileProgress>): IndexStep =>
  change('engine', 'engine', (row) => {
    const reconcile = { finishedAt: null, phase: null, cursor: null, ...row?.reconcile, ...progress }
    const version = reconcile.phase === null ? { rowsVersion: ROWS_VERSION } : {}
    // The browser may have cleared the index under a running leader.
    return { id: 'engine', epoch, changeCursor: null, confirmationCursor: null, ...row, ...version, reconcile }
  })

/** Contents on disk get the row that they lack, rows of contents that are gone are removed. */
const compareDisk = (epoch: number) =>
  Effect.gen(function* () {
    const { unknown, gone } = yield* listDisk
    for (const address of gone) yield* forgetContent(address, epoch)
    for (const address of unknown) yield* learnContent(address, epoch)
  })

/** What disk and index do not have in common. Listed while no add is between its bytes and its row. */
const listDisk: Effect.Effect<
  { readonly unknown: readonly ContentAddress[]; readonly gone: readonly ContentAddress[] },
  RockpoolError,
  BlobPort | IndexPort | Platform | Settings
> = Effect.gen(function* () {
  const blobs = yield* BlobPort
  const index = yield* IndexPort
  while (true) {
    const listed = yield* Effect.scoped(
      Effect.gen(function* () {
        // Whoever releases content takes this lock first, and would take this one for an add.
        yield* hold('releasing', 'exclusive')
        if (!(yield* holdIfFree(KEEPING))) return undefined
        const known = new Set(yield* call(() => index.keys('contents')))
        const disk = yield* call(() => blobs.list())
        const whole = disk.filter(({ complete }) => complete).map(({ address }) => address)
        const there = new Set<string>(whole)
        return {
          unknown: whole.filter((address) => !known.has(address)).toSorted(),
          gone: [...known].filter((address) => !there.has(address)) as ContentAddress[],
        }
      }),
    )
    if (listed) return listed
    yield* Effect.sleep(DISK_BUSY_WAIT)
  }
})

/** Hashes content that the index does not know, one at a time, and queues it when object storage may lack it. */
const learnContent = (address: ContentAddress, epoch: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    const blobs = yield* BlobPort
    const content = yield* hashOnDisk(address)
    if (!content) return // gone meanwhile, or unreadable: the next pass looks again
    // Damaged: never served or sent. They stay aside, since they may be all that is left.
    if (content.address !== address) return yield* call(() => blobs.quarantine(address))
    const now = yield* Clock.currentTimeMillis
    // What the log claims to be stored is asked for when its records are compared.
    const steps = yield* reconcileKeys(yield* ownKeys(address), { occasion: 'pass', onAsk: () => {} })
    yield* device.write([contentRow(content, now), ...steps], epoch)
  })

/** Undefined when the bytes are gone or cannot be read. */
const hashOnDisk = (address: ContentAddress) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const { hashing } = yield* Platform
    return yield* call(async (signal) => {
      const blob = await blobs.open(address)
      return blob && hashContent(blob.stream().pipeThrough(new TransformStream(), { signal }), hashing)
    })
  }).pipe(
    Effect.catchIf(
      ({ code }) => code !== 'closed',
      () => Effect.succeed(undefined),
    ),
  )

/** The keys under which this user has the content; none in a bucket of its users while nobody is signed in. */
const ownKeys = (address: ContentAddress) =>
  Effect.gen(function* () {
    const { buckets } = yield* Settings
    const keys = yield* Effect.forEach(Object.keys(buckets), (bucket) => Effect.option(ownKey(bucket, address)))
    return keys.flatMap((key) => Option.toArray(key))
  })

/** Unless the bytes came back meanwhile: a row without them would be a file that cannot be opened. */
const forgetContent = (address: ContentAddress, epoch: number) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const device = yield* Device
    const index = yield* IndexPort
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* hold('releasing', 'exclusive')
        if (!(yield* holdIfFree(KEEPING))) return // the next pass finds it
        if (yield* call(() => blobs.open(address))) return
        const row = yield* call(() => index.get('contents', address))
        const keys = new Set([...(yield* ownKeys(address)), ...(row?.storedAs ?? [])])
        yield* device.write([remove('contents', address), ...(yield* reconcileKeys(keys, { occasion: 'pass' }))], epoch)
      }),
    )
  })

/** Walks over all that the log has, as the mirror does over what is new, and looks only at what this device has a part in. */
const compareRecords = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const device = yield* Device
    const log = yield* LogPort
    const engine = yield* call(() => index.get('engine', 'engine'))
    const keysOf = (table: IndexTable) =>
      Effect.map(
        call(() => index.keys(table)),
        (keys) => new Set(keys),
      )
    const here = {
      contents: yield* keysOf('contents'),
      transfers: yield* keysOf('transfers'),
      pins: yield* keysOf('pins'),
    }
    let cursor = engine?.reconcile?.cursor ?? undefined
    while (true) {
      const changes = yield* call(async () => log.changes(cursor, STEP))
      const concerned = yield* call(async () =>
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
          // What was asked for the page before is asked by now.
          progressed(epoch, { cursor: cursor ?? null }),
          ...changes.subjects.filter((subject) => !isRemoteKey(subject)).map((id) => mirrorFile(id, log)),
          ...(yield* reconcileKeys(new Set(concerned.map(({ key }) => key)), {
            occasion: 'pass',
            onAsk: (key) => void toAsk.add(key),
          })),
        ],
        epoch,
      )
      yield* askSigner(toAsk, epoch)
      cursor = changes.cursor
      if (!changes.more) return
    }
  })

const DIRECTIONS = ['upload', 'download'] as const

const contentsOf = (log: RecordLog, subject: string, pins: ReadonlySet<string>) => {
  if (isRemoteKey(subject)) return [{ key: subject, isPinned: false }]
  const file = log.file(subject)
  if (!file) return []
  const keys = new Set([file.remoteKey, ...log.versions(subject).map(({ remoteKey }) => remoteKey)])
  return [...keys].map((key) => ({ key, isPinned: key === file.remoteKey && pins.has(subject) }))
}

/** One upload after the other at a low rate: its first step asks whether the content is stored. */
const askSigner = (keys: ReadonlySet<RemoteKey>, epoch: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    const { checksPerMinute } = yield* Settings
    for (const key of keys) {
      yield* device.write(yield* reconcileKeys([key], { occasion: 'pass' }), epoch)
      yield* Effect.sleep(60_000 / checksPerMinute)
    }
  })

/** Rows that nothing names any more are deleted. */
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

/** A row that differs from its file is the mirror's, whose news tells which contents changed with it. */
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
      const keys = yield* call(() => index.keys(table, page))
      yield* device.write(yield* stepsFor(keys), epoch)
      if (keys.length < STEP) return
      after = keys.at(-1)
    }
  })

/**
 * Rows of an older engine as this one means them. A pin was one of bytes then, and is one of a file now: without its row, the
 * mirror would take the pin from the bytes.
 */
export const upgradeRows = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const device = yield* Device
    const log = yield* LogPort
    const engine = yield* call(() => index.get('engine', 'engine'))
    if (engine?.rowsVersion === ROWS_VERSION || engine?.changeCursor === null) return
    const now = yield* Clock.currentTimeMillis
    const pinned = [...device.contents.values()].filter((row) => row.pinned)
    const downloads = [...device.transfers.values()].filter(({ direction }) => direction === 'download')
    const ofPinned = yield* Effect.forEach(pinned, ({ address, storedAs = [] }) =>
      Effect.map(ownKeys(address), (own) => [...own, ...storedAs]),
    )
    const keys = new Set([...downloads.map(({ remoteKey }) => remoteKey), ...ofPinned.flat()])
    const files = yield* call(async () => [...keys].flatMap((key) => log.filesWithContent(key)))
    yield* device.write(
      files.filter(({ deletedAt }) => deletedAt === null).map(({ id }) => put('pins', { id, pinnedAt: now })),
      epoch,
    )
  })
