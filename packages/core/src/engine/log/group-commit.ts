/**
 * Group commit: changes that arrive while an index transaction runs share the next one, and one append to the log. There
 * is no timer, so a single change waits for nothing.
 */
import type { RockpoolError } from '@rockpool/protocol'
import { Clock, Context, Deferred, Effect, Layer, Queue } from 'effect'
import { type OutboxRow, put, remove } from '../../ports/local-index.ts'
import type { FileRecord } from '../../records/record.ts'
import { appendEvents } from './append.ts'
import { Device } from '../device.ts'
import { admit, type Commit, nextGroup } from './next-group.ts'
import { PoolEmitter } from '../pool-emitter.ts'
import { outboxRow } from './outbox-row.ts'
import { asRockpoolError, callPort, LogPort } from '../services.ts'

interface Member extends Commit {
  /** Kept when the transaction is repeated: a transaction that reported a failure may have written it. */
  readonly row: OutboxRow
  readonly done: Deferred.Deferred<FileRecord | undefined, RockpoolError>
}

interface GroupCommitShape {
  /** @returns for each commit the file of its event, after the event */
  readonly commit: (commits: readonly Commit[]) => Effect.Effect<readonly (FileRecord | undefined)[], RockpoolError>
}

export class GroupCommit extends Context.Tag('@rockpool/core/GroupCommit')<GroupCommit, GroupCommitShape>() {}

/**
 * Writes an event to the outbox together with `changes`, in one index transaction, then appends it to the log. From the
 * transaction on the change is durable and this succeeds: what the log fails to take stays in the outbox for `replay`.
 */
export const commit = (
  event: Commit['event'],
  { changes = [], epoch, precondition, undo }: Partial<Omit<Commit, 'event'>> = {},
): Effect.Effect<FileRecord | undefined, RockpoolError, GroupCommit> =>
  Effect.map(
    Effect.flatMap(GroupCommit, (groups) => groups.commit([{ event, changes, epoch, precondition, undo }])),
    ([file]) => file,
  )

/**
 * Commits of the leader that belong together: up to {@link MAX_GROUP} share one transaction and one append. Fails with the
 * first error; the others are made all the same.
 */
export const commitTogether = (
  commits: readonly Pick<Commit, 'event' | 'changes' | 'epoch'>[],
): Effect.Effect<void, RockpoolError, GroupCommit> =>
  Effect.flatMap(GroupCommit, (groups) =>
    Effect.asVoid(groups.commit(commits.map((commit) => ({ ...commit, precondition: undefined, undo: undefined })))),
  )

export const GroupCommitLive = Layer.scoped(
  GroupCommit,
  Effect.gen(function* () {
    const device = yield* Device
    const log = yield* LogPort
    const emitter = yield* PoolEmitter
    const wake = yield* Queue.sliding<void>(1)
    let waiting: Member[] = []

    /** One transaction, one append. A transaction that fails is repeated for each member, so that a bad one fails alone. */
    const commitGroup = (group: readonly Member[]): Effect.Effect<void, RockpoolError> =>
      Effect.gen(function* () {
        // Before the transaction: a closed log must fail before anything is written.
        const admissions = yield* callPort(async () => admit(group, (id) => log.file(id)))
        const admitted: { readonly member: Member; readonly file: FileRecord | undefined }[] = []
        for (const admission of admissions) {
          if (admission.error) yield* Deferred.fail(admission.commit.done, admission.error)
          else admitted.push({ member: admission.commit, file: admission.file })
        }
        if (admitted.length === 0) return

        const rows = admitted.map(({ member }) => member.row)
        const changes = admitted.flatMap(({ member }, i) => [...member.changes, put('outbox', rows[i]!)])
        const written = yield* Effect.either(device.write(changes, group[0]!.epoch))
        if (written._tag === 'Left') {
          if (admitted.length === 1) return yield* Deferred.fail(admitted[0]!.member.done, written.left)
          return yield* Effect.forEach(admitted, ({ member }) => settled([member]), { discard: true })
        }

        const events = admitted.map(({ member }) => member.event)
        for (const [i, appended] of appendEvents(log, events).entries()) {
          const { member, file } = admitted[i]!
          if (appended.outcome === 'refused') {
            // The row would be refused at every open. If it cannot be removed now, replay reports it again.
            yield* Effect.ignoreLogged(takeBack(member))
            yield* Deferred.fail(member.done, appended.error)
            continue
          }
          if (appended.outcome === 'pending') {
            const detail = { error: appended.error, ...(file ? { file } : {}) }
            emitter.emit({ event: 'error', detail })
          }
          yield* Deferred.succeed(member.done, file)
        }
      })

    const takeBack = ({ row, undo = Effect.succeed([]) }: Member) =>
      Effect.flatMap(undo, (steps) => device.write([remove('outbox', row.id), ...steps]))

    /** Settles every member, whatever happens to the group: none may wait forever. */
    const settled = (group: readonly Member[]): Effect.Effect<void> =>
      commitGroup(group).pipe(
        Effect.catchAllDefect((defect) => Effect.fail(asRockpoolError(defect))),
        Effect.catchAll((error) => Effect.forEach(group, ({ done }) => Deferred.fail(done, error), { discard: true })),
      )

    const commitAll = Effect.gen(function* () {
      while (true) {
        yield* Queue.take(wake)
        while (waiting.length > 0) {
          const { group, rest } = nextGroup(waiting)
          waiting = [...rest]
          yield* Effect.uninterruptible(settled(group))
        }
      }
    })
    yield* Effect.forkScoped(commitAll)

    return {
      commit: (commits) =>
        Effect.uninterruptibleMask((interruptible) =>
          Effect.gen(function* () {
            const now = yield* Clock.currentTimeMillis
            const members: readonly Member[] = yield* Effect.forEach(commits, (commit) =>
              Effect.map(Deferred.make<FileRecord | undefined, RockpoolError>(), (done) => {
                return { ...commit, done, row: outboxRow(commit.event, now) }
              }),
            )
            waiting.push(...members)
            wake.unsafeOffer(undefined)
            const withdraw = Effect.suspend(() => {
              const began = members.filter((member) => !waiting.includes(member))
              waiting = waiting.filter((other) => !members.includes(other))
              return Effect.forEach(began, ({ done }) => Effect.ignore(Deferred.await(done)), { discard: true })
            })
            return yield* interruptible(Effect.forEach(members, ({ done }) => Deferred.await(done))).pipe(
              Effect.onInterrupt(() => withdraw),
            )
          }),
        ),
    }
  }),
)
