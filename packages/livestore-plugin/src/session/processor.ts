/**
 * A tab's sync processor, in the place of LiveStore's `ClientSessionSyncProcessor`. What it decides stands in `machine.ts`;
 * here are the effects.
 *
 * A step (decide, change the tab's database, refresh its queries) is synchronous. One fiber pulls from the leader, another
 * one pushes to it, one push at a time. Whatever goes wrong there (a refusal, a dead leader, an answer that never comes), the
 * tab pulls again from where it stands and pushes what is pending again: the leader knows what it has.
 */
import { type ClientSession, isRejectedPushError, type MaterializeError, SyncState } from '@livestore/common'
import { EventSequenceNumber, LiveStoreEvent, type LiveStoreSchema, SystemTables } from '@livestore/common/schema'
import type { Subscribable } from '@livestore/utils/effect'
import { Cause, Effect, Exit, Option, Runtime, Schema, type Scope, Stream } from 'effect'
import { commitIds, randomPart } from '../commit-id.ts'
import { type Event, renumber, toBranded } from '../events.ts'
import { markSession } from '../marks.ts'
import { type EventNumber, nextNumber } from '../numbers.ts'
import { pauseAfter } from '../pause.ts'
import { makeSignal } from '../signal.ts'
import { lazySubscribable } from '../subscribable.ts'
import {
  afterCommit,
  afterPullStart,
  afterPush,
  afterReset,
  decideNews,
  type LeaderNews,
  localHead,
  type SessionState,
} from './machine.ts'
import {
  afterOutcome,
  afterPause,
  afterStartOver,
  IDLE_PUSHER,
  nextAction,
  type Pusher,
  type PushOutcome,
} from './pusher.ts'

markSession()

/** A leader that dies may leave a push without an answer. It is sent again: the leader knows what it has. */
const ANSWER_TIMEOUT = '10 seconds'
const PUSH_PAUSE = { base: 50, max: 5_000 }
const PULL_PAUSE = { base: 20, max: 2_000 }

interface Materialized {
  readonly writeTables: Set<string>
  readonly sessionChangeset: Event['meta']['sessionChangeset']
  readonly materializerHash: Option.Option<number>
}

export interface SessionProcessorOptions {
  readonly schema: LiveStoreSchema
  readonly clientSession: ClientSession
  readonly materializeEvent: (
    event: Event,
    options: { readonly withChangeset: boolean; readonly materializerHashLeader: Option.Option<number> },
  ) => Effect.Effect<Materialized, MaterializeError>
  readonly rollback: (changeset: Uint8Array<ArrayBuffer>) => void
  readonly refreshTables: (tables: Set<string>) => void
  readonly params: { readonly leaderPushBatchSize?: number }
  readonly confirmUnsavedChanges: boolean
}

export interface ClientSessionSyncProcessor {
  readonly boot: Effect.Effect<void, never, Scope.Scope>
  readonly encodeEvents: (
    events: readonly { readonly name: string; readonly args: unknown }[],
  ) => Effect.Effect<Event[]>
  readonly materializeEvents: (
    events: readonly Event[],
  ) => Effect.Effect<{ writeTables: Set<string> }, MaterializeError>
  readonly push: (events: readonly Event[]) => Effect.Effect<void>
  readonly syncState: Subscribable.Subscribable<SyncState.SyncState>
  readonly debug: {
    print: () => void
    debugInfo: () => { rebaseCount: number; advanceCount: number }
  }
}

/** LiveStore's tests of its own processor slow it down at places that this one does not have. */
export const ClientSessionSyncProcessorSimulationParams = Schema.Struct({})

export const makeClientSessionSyncProcessor = (
  options: SessionProcessorOptions,
): Effect.Effect<ClientSessionSyncProcessor> =>
  Effect.gen(function* () {
    const { schema, clientSession, materializeEvent, rollback, refreshTables, params } = options
    const { leaderThread } = clientSession
    const eventSchema = LiveStoreEvent.Client.makeSchemaMemo(schema)
    const nextId = commitIds(clientSession.sessionId, randomPart)
    const pushLimit = params.leaderPushBatchSize ?? 100

    let state: SessionState<Event> = { leaderHead: leaderThread.initialState.leaderHead, pending: [], sent: 0 }
    const counts = { rebaseCount: 0, advanceCount: 0, rejectCount: 0 }
    const pushSignal = yield* makeSignal
    const pullAgain = yield* makeSignal
    /** the leader does not know where this tab stands: the tab starts over from the leader's state */
    let resetWanted = false
    const { subscribable: syncState, changed } = yield* lazySubscribable(
      () =>
        new SyncState.SyncState(
          {
            pending: state.pending as never,
            upstreamHead: toBranded(state.leaderHead),
            localHead: toBranded(localHead(state)),
          },
          { disableValidation: true },
        ),
    )

    /** Where the tables of events that may be taken back are known: what they showed has to be shown anew. */
    const tablesOf = new WeakMap<Event['meta'], Set<string>>()

    const materialize = (event: Event, fromLeader: boolean) =>
      materializeEvent(event, {
        withChangeset: true,
        materializerHashLeader: fromLeader ? event.meta.materializerHashLeader : Option.none(),
      }).pipe(
        Effect.map(({ writeTables, sessionChangeset, materializerHash }) => {
          event.meta.sessionChangeset = sessionChangeset
          event.meta.materializerHashSession = materializerHash
          tablesOf.set(event.meta, writeTables)
          return writeTables
        }),
      )

    const takeBack = (events: readonly Event[]) => {
      for (const { meta } of events.toReversed()) {
        if (meta.sessionChangeset._tag === 'sessionChangeset') rollback(meta.sessionChangeset.data)
      }
    }

    const appTables = () =>
      new Set([...schema.state.sqlite.tables.keys()].filter((name) => !SystemTables.isStateSystemTable(name)))

    const boot = Effect.gen(function* () {
      const runSync = Runtime.runSync(yield* Effect.runtime())
      if (options.confirmUnsavedChanges) yield* confirmBeforeUnload(() => state.pending.length > 0)

      /** @returns whether to go on with this stream */
      const take = (news: LeaderNews<Event>): boolean => {
        const decision = decideNews(state, news, renumber)
        if (decision.answer === 'reset') {
          resetWanted = true
          pushSignal.wake()
          return false
        }
        if (decision.answer === 'pull again') return false
        const { rollback: taken, apply, state: next } = decision
        const tables = new Set<string>()
        if (taken.length > 0) {
          counts.rebaseCount++
          takeBack(taken)
          for (const { meta } of taken) for (const table of tablesOf.get(meta) ?? appTables()) tables.add(table)
        } else counts.advanceCount++
        state = next
        const ours = new Set(next.pending)
        for (const event of apply) for (const table of runSync(materialize(event, !ours.has(event)))) tables.add(table)
        if (tables.size > 0) refreshTables(tables)
        changed()
        pushSignal.wake()
        return true
      }

      yield* pullFromLeader(take).pipe(Effect.interruptible, Effect.forkScoped)
      yield* pushToLeader(runSync).pipe(Effect.interruptible, Effect.forkScoped)
    })

    const pullFromLeader = (take: (news: LeaderNews<Event>) => boolean) =>
      Effect.gen(function* () {
        let tries = 0
        const pullOnce = Stream.suspend(() => {
          state = afterPullStart(state)
          pushSignal.wake()
          return leaderThread.events.pull({ cursor: toBranded(state.leaderHead) })
        }).pipe(
          Stream.mapEffect(({ payload }) =>
            Effect.gen(function* () {
              if (clientSession.devtools.enabled) yield* clientSession.devtools.pullLatch.await
              tries = 0
              return yield* Effect.try({
                try: () => take(payload as LeaderNews<Event>),
                catch: (error) => error,
              })
            }),
          ),
          Stream.takeWhile((goOn) => goOn),
          Stream.runDrain,
          Effect.raceFirst(pullAgain.wait),
        )
        while (true) {
          const exit = yield* Effect.exit(pullOnce)
          if (Exit.isFailure(exit)) {
            if (Cause.isInterruptedOnly(exit.cause)) return yield* Effect.interrupt
            // A tab whose database does not take an event shows something else than the log: it must not go on.
            if (Option.isSome(Cause.failureOption(exit.cause))) {
              return yield* clientSession.shutdown(Exit.die(Cause.squash(exit.cause)) as never)
            }
            yield* Effect.logDebug('The stream of the LiveStore leader broke. It is pulled again.', exit.cause)
          }
          // Until the tab has started over there is nothing to pull.
          if (resetWanted) yield* pullAgain.wait
          else yield* pauseAfter(tries++, PULL_PAUSE)
        }
      })

    const pushToLeader = (runSync: <A, E>(effect: Effect.Effect<A, E>) => A) =>
      Effect.gen(function* () {
        let pusher: Pusher<Event> = IDLE_PUSHER
        const newsCount = () => counts.advanceCount + counts.rebaseCount

        while (true) {
          const action = nextAction(pusher, { session: state, resetWanted, limit: pushLimit })
          if (action.type === 'start over') {
            yield* startOver(runSync)
            if (!resetWanted) pusher = afterStartOver(pusher)
            continue
          }
          if (action.type === 'wait') {
            yield* pushSignal.wait
            continue
          }
          const { batch } = action
          const exit = yield* Effect.exit(
            Effect.timeoutTo(leaderThread.events.push(batch), {
              duration: ANSWER_TIMEOUT,
              onSuccess: () => 'taken' as const,
              onTimeout: () => 'unanswered' as const,
            }),
          )
          if (Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)) return yield* Effect.interrupt
          const outcome = outcomeOf(exit)
          if (outcome === 'taken') state = afterPush(state, batch)
          if (outcome === 'refused') counts.rejectCount++
          if (outcome === 'unanswered') {
            yield* Effect.logDebug('The LiveStore leader did not answer a push. It is sent again.', exit)
          }
          const after = afterOutcome(pusher, outcome, batch, { session: state, resetWanted, news: newsCount() })
          pusher = after.pusher
          if (!after.pause) continue
          // The news of what came first is on its way.
          yield* pauseAfter(pusher.tries - 1, PUSH_PAUSE).pipe(Effect.raceFirst(pushSignal.wait))
          const paused = afterPause(pusher, newsCount())
          pusher = paused.pusher
          if (paused.pullAgain) pullAgain.wake()
        }
      })

    /** Takes the leader's state as this tab's own, with what is pending on top. */
    const startOver = (runSync: <A, E>(effect: Effect.Effect<A, E>) => A) =>
      Effect.gen(function* () {
        const snapshot = yield* Effect.exit(leaderThread.export)
        if (Exit.isFailure(snapshot)) {
          if (Cause.isInterruptedOnly(snapshot.cause)) return yield* Effect.interrupt
          return yield* pauseAfter(1, PUSH_PAUSE)
        }
        yield* Effect.sync(() => {
          clientSession.sqliteDb.import(snapshot.value)
          // No changeset: only what was read before is forgotten.
          rollback(new Uint8Array(0))
          state = afterReset(state, headOf(clientSession), renumber)
          for (const event of state.pending) runSync(materialize(event, false))
          resetWanted = false
          counts.rebaseCount++
          refreshTables(appTables())
          changed()
          pullAgain.wake()
        })
      })

    return {
      boot,
      encodeEvents: (events) =>
        Effect.sync(() => {
          let head = localHead(state)
          return events.map(({ name, args }) => {
            const definition = schema.eventsDefsMap.get(name)
            if (definition === undefined) throw new Error(`The schema has no event "${name}".`)
            const numbers = nextNumber(head, definition.options.clientOnly)
            head = numbers.seqNum
            return new LiveStoreEvent.Client.EncodedWithMeta(
              Schema.encodeUnknownSync(eventSchema as unknown as Schema.Schema<never, never>)({
                name,
                args,
                ...numbers,
                clientId: clientSession.clientId,
                sessionId: nextId(),
              }),
            )
          })
        }),
      materializeEvents: (events) =>
        Effect.gen(function* () {
          const writeTables = new Set<string>()
          for (const event of events) for (const table of yield* materialize(event, false)) writeTables.add(table)
          return { writeTables }
        }),
      push: (events) =>
        Effect.sync(() => {
          if (events.length === 0) return
          state = afterCommit(state, events)
          changed()
          pushSignal.wake()
        }),
      syncState,
      debug: {
        print: () => console.log(counts, state),
        debugInfo: () => counts,
      },
    } satisfies ClientSessionSyncProcessor
  })

const outcomeOf = (exit: Exit.Exit<'taken' | 'unanswered', unknown>): PushOutcome => {
  if (Exit.isSuccess(exit)) return exit.value
  return Option.exists(Cause.failureOption(exit.cause), isRejectedPushError) ? 'refused' : 'unanswered'
}

/** Where the state of a database stands that came from the leader. */
const headOf = ({ sqliteDb }: ClientSession): EventNumber => {
  const [row] = sqliteDb.select<{ seqNumGlobal: number; seqNumClient: number; seqNumRebaseGeneration: number }>(
    `SELECT seqNumGlobal, seqNumClient, seqNumRebaseGeneration FROM ${SystemTables.SESSION_CHANGESET_META_TABLE}
     ORDER BY seqNumGlobal DESC, seqNumClient DESC LIMIT 1`,
  )
  return row === undefined
    ? EventSequenceNumber.Client.ROOT
    : { global: row.seqNumGlobal, client: row.seqNumClient, rebaseGeneration: row.seqNumRebaseGeneration }
}

/** The browser's own question before a page with unsaved changes closes. */
const confirmBeforeUnload = (isUnsaved: () => boolean): Effect.Effect<void, never, Scope.Scope> => {
  if (typeof window === 'undefined' || typeof window.addEventListener !== 'function') return Effect.void
  const ask = (event: BeforeUnloadEvent) => {
    if (isUnsaved()) event.preventDefault()
  }
  return Effect.acquireRelease(
    Effect.sync(() => window.addEventListener('beforeunload', ask)),
    () => Effect.sync(() => window.removeEventListener('beforeunload', ask)),
  )
}
