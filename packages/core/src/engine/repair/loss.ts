/**
 * Content that object storage has lost: detected by this device, and uploaded again by a device that has the bytes.
 * `loss-state.ts` decides; the rows survive a restart, and the leader takes their steps.
 */
import { isRockpoolError, type RemoteKey, type RockpoolError } from '@rockpool/protocol'
import { Clock, Effect, Queue } from 'effect'
import { change, decision, type IndexChange, remove, type SuspectRow } from '../../ports/local-index.ts'
import type { RecordLog } from '../../ports/record-log.ts'
import { askSigner } from '../ask-signer.ts'
import { Device } from '../device.ts'
import { checkRight } from '../files/checks.ts'
import { ownUploads } from '../files/owner.ts'
import { commit } from '../log/group-commit.ts'
import { contentsToCompare } from './loss-compare.ts'
import { isLossDue, type LossAct, type LossInput, MAX_LOSSES, nextLoss, SUSPECT_EVERY_MS } from './loss-state.ts'
import { keyReader, logStateOf, uploadOf } from './reconcile-keys.ts'
import type { KeyFacts } from './reconcile-plan.ts'
import { callPort, IndexPort, LogPort, Platform, Settings } from '../services.ts'
import { isMissingContent, suspectChanged, suspectContent } from './suspect-content.ts'
import { rowAfterStored, transferId } from '../transfers/transfer-row.ts'
import { subscribed } from '../subscribed.ts'

/** Time between two steps of the leader: limits the rate of calls to the signer. */
const PACE = '1 second'

/** The newest files, among which content to compare with is selected. */
const FILES_TO_COMPARE = 2_000

/** Records a suspected loss when the work fails because object storage lacks content that the log says is stored. */
export const suspectLoss =
  (key: RemoteKey) =>
  <A, R>(work: Effect.Effect<A, RockpoolError, R>): Effect.Effect<A, RockpoolError, R | Device | LogPort> =>
    Effect.tapError(work, ({ code }) =>
      isMissingContent(code) ? Effect.ignoreLogged(recordMissing(key)) : Effect.void,
    )

const recordMissing = (key: RemoteKey) =>
  Effect.gen(function* () {
    const device = yield* Device
    const log = yield* LogPort
    if (!(yield* callPort(async () => isStoredByLog(log, key)))) return
    yield* device.write([suspectContent(key, yield* Clock.currentTimeMillis)])
  })

const isStoredByLog = (log: Pick<RecordLog, 'remoteContent'>, key: RemoteKey): boolean => {
  const logState = logStateOf(log.remoteContent(key))
  return logState === 'claimed' || logState === 'proved'
}

/** Takes the steps of all suspected losses as they become due, one after the other. Runs in the leader. Never ends. */
export const watchLosses = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const wake = yield* Queue.sliding<void>(1)
    yield* subscribed(() =>
      index.subscribe((keys) => {
        if (keys.some(({ table }) => table === 'suspects')) wake.unsafeOffer(undefined)
      }),
    )
    while (true) {
      const rows = yield* callPort(() => index.getAll('suspects'))
      const now = yield* Clock.currentTimeMillis
      const due = rows.filter((row) => isLossDue(row, now)).toSorted((a, b) => a.dueAt - b.dueAt)[0]
      if (due) {
        yield* takeStep(due.remoteKey, epoch)
        yield* Effect.sleep(PACE)
        continue
      }
      const next = Queue.take(wake)
      // The notification of another tab's row may be lost.
      const wait = Math.min(SUSPECT_EVERY_MS, ...rows.map(({ dueAt }) => dueAt - now))
      yield* Effect.race(next, Effect.sleep(wait))
    }
  }).pipe(Effect.scoped)

const takeStep = (key: RemoteKey, epoch: number) =>
  Effect.gen(function* () {
    if ((yield* feed(key, 'due', epoch)) !== 'ask') return
    const found = yield* check(key)
    if (found === 'refused') return yield* (yield* Device).write([remove('suspects', key)], epoch)
    if ((yield* feed(key, found, epoch)) !== 'compare') return
    const compared = yield* compare(key)
    if (compared !== 'alone') return yield* feed(key, compared, epoch)
    yield* conclude(key, epoch)
  })

/** Feeds `input` to the state machine and applies the result in the same transaction. @returns the act that is left to do */
const feed = (key: RemoteKey, input: LossInput, epoch: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    let left: LossAct | undefined
    const step = yield* lossStep(key, input, (act) => (left = act))
    yield* device.write([step], epoch)
    return left
  })

const lossStep = (key: RemoteKey, input: LossInput, onAct: (act: LossAct | undefined) => void) =>
  Effect.gen(function* () {
    const { random } = yield* Platform
    const context = { remoteKey: key, now: yield* Clock.currentTimeMillis, random: random() }
    const { reads, look } = (yield* keyReader)(key)
    return decision(reads, (rows): readonly IndexChange[] => {
      const before = rows.get('suspects', key)
      const view = look(rows)
      const { facts } = view
      const { row, act } = nextLoss(before, knownBetter(before, input, facts), context)
      onAct(act)
      const changes = suspectChanged(before, row)
      if (act === 'send' && facts.upload === 'none') return [...changes, ...uploadOf(view, context.now)]
      if (act === 'retry_download' && facts.download === 'missing') {
        return [
          ...changes,
          change('transfers', transferId('download', key), (found) => found && rowAfterStored(found, 'claimed')),
        ]
      }
      return changes
    })
  })

/** Corrects the input by what the log says at the time of the write. */
const knownBetter = (
  row: SuspectRow | undefined,
  input: LossInput,
  { logState, isWanted, mayUpload, content }: KeyFacts,
): LossInput => {
  switch (row?.state) {
    case 'checking':
    case 'storage_suspect':
      return logState === 'lost' || logState === 'nothing' ? 'lost' : input
    case 'healing':
      if (logState !== 'lost') return 'stored'
      return content && isWanted && mayUpload ? input : 'lost'
    case 'concluded':
    case 'healed':
    case undefined:
      return input
  }
}

/** Checks with the signer: only its own HEAD counts. */
const check = (key: RemoteKey) =>
  Effect.gen(function* () {
    const asked = yield* Effect.either(askSigner((signer, signal) => signer.downloadUrl({ key, check: true }, signal)))
    if (asked._tag === 'Right') return 'present'
    if (isRockpoolError(asked.left, 'not_found')) return 'absent'
    // These rights allow no further check.
    return isRockpoolError(asked.left, 'forbidden', 'bad_key') ? 'refused' : 'unanswered'
  })

/** Whether the signer finds other content of the store. If so its settings are right, and this content is lost. */
const compare = (key: RemoteKey) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const log = yield* LogPort
    const suspects = new Map((yield* callPort(() => index.getAll('suspects'))).map((row) => [row.remoteKey, row.state]))
    const concluded = [...suspects.values()].filter((state) => state === 'concluded').length
    if (concluded >= MAX_LOSSES) return 'not_alone'
    const others = yield* callPort(async () =>
      contentsToCompare(key, log.list({ limit: FILES_TO_COMPARE }), {
        since: log.filesWithVersion(key)[0]?.createdAt ?? 0,
        isCandidate: (other) => isStoredByLog(log, other),
      }),
    )
    if (others.length === 0) return 'alone'
    const found = yield* Effect.forEach(others, (other) =>
      isOpen(suspects.get(other)) ? Effect.succeed('absent' as const) : check(other),
    )
    const present = found.filter((response) => response === 'present').length
    const absent = found.filter((response) => response === 'absent').length
    if (present + absent === 0) return 'unanswered'
    return present > absent ? 'alone' : 'not_alone'
  })

/** Whether the last check missed the content. Content of a concluded or healed row may exist again. */
const isOpen = (state: SuspectRow['state'] | undefined): boolean => state === 'checking' || state === 'storage_suspect'

/** Appends `ContentLost` for all devices. A device that has the bytes uploads them. */
const conclude = (key: RemoteKey, epoch: number) =>
  Effect.gen(function* () {
    const log = yield* LogPort
    const device = yield* Device
    const { newId } = yield* Platform
    const { claims, storeId } = yield* Settings
    const mayUpload = yield* ownUploads
    const mayAppend = mayUpload(key) && checkRight(claims(), storeId, 'write') === undefined
    // Another device was faster, or this user may not append the event.
    if (!mayAppend || !isStoredByLog(log, key)) return yield* device.write([remove('suspects', key)], epoch)
    const step = yield* lossStep(key, 'alone', () => {})
    yield* commit({ name: 'v2.ContentLost', opId: newId(), args: { remoteKey: key } }, { changes: [step], epoch })
  })
