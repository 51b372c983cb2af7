/**
 * A tab's sync processor, in the place of LiveStore's `ClientSessionSyncProcessor`. What it decides stands in `machine.ts`
 * and `pusher.ts`; the effects are here, in `log.ts` and in the two loops to the leader.
 *
 * A step (decide, change the tab's database, refresh its queries) is synchronous. One fiber pulls from the leader, another
 * one pushes to it. After a rejection, a lost response or the end of a leader, the tab pulls again from where it stands and
 * pushes again what is pending: the leader knows what it has.
 */
import type { MaterializeError, SyncState } from '@livestore/common'
import { LiveStoreEvent } from '@livestore/common/schema'
import type { Subscribable } from '@livestore/utils/effect'
import { Effect, Runtime, Schema, type Scope } from 'effect'
import { commitIds, randomPart } from '../commit-id.ts'
import type { Event } from '../events.ts'
import { markSession } from '../marks.ts'
import { nextNumber } from '../numbers.ts'
import { makeSignal } from '../signal.ts'
import { confirmBeforeUnload } from './confirm-unload.ts'
import { makeSessionLog } from './log.ts'
import { localHead } from './machine.ts'
import type { SessionProcessorOptions } from './options.ts'
import { pullFromLeader } from './pull-from-leader.ts'
import { pushToLeader } from './push-to-leader.ts'

markSession()

const PUSH_LIMIT = 100

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
    const { schema, clientSession } = options
    const eventSchema = LiveStoreEvent.Client.makeSchemaMemo(schema)
    const nextId = commitIds(clientSession.sessionId, randomPart)
    const limit = options.params.leaderPushBatchSize ?? PUSH_LIMIT
    const log = yield* makeSessionLog(options)
    const pullAgain = yield* makeSignal

    return {
      boot: Effect.gen(function* () {
        const runSync = Runtime.runSync(yield* Effect.runtime())
        if (options.confirmUnsavedChanges) yield* confirmBeforeUnload(() => log.state().pending.length > 0)
        const pulling = pullFromLeader(clientSession, log, pullAgain, runSync)
        const pushing = pushToLeader({ clientSession, limit, log, pullAgain, runSync })
        yield* pulling.pipe(Effect.interruptible, Effect.forkScoped)
        yield* pushing.pipe(Effect.interruptible, Effect.forkScoped)
      }),

      encodeEvents: (events) =>
        Effect.sync(() => {
          let head = localHead(log.state())
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
          for (const event of events) for (const table of yield* log.materialize(event, false)) writeTables.add(table)
          return { writeTables }
        }),

      push: (events) => Effect.sync(() => log.commit(events)),
      syncState: log.syncState,
      debug: {
        print: () => console.log(log.counts, log.state()),
        debugInfo: () => log.counts,
      },
    } satisfies ClientSessionSyncProcessor
  })
