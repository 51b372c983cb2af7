/** The loop that takes the sync backend's events into the log. `machine.ts` and `pages.ts` decide. */
import type { SyncBackend } from '@livestore/common'
import { Eventlog, LeaderThreadCtx } from '@livestore/common/leader-thread'
import { LiveStoreEvent } from '@livestore/common/schema'
import { Effect, Exit, Option, Runtime, Stream } from 'effect'
import { type Event, renumber } from '../events.ts'
import { pauseAfter } from '../pause.ts'
import { BACKEND_PAUSE, backendError, shutDown } from './backend-failure.ts'
import type { LeaderLog } from './log.ts'
import { decideBackendEvents } from './machine.ts'
import { newsOf } from './news.ts'
import type { LeaderProcessorOptions } from './options.ts'
import { takePage } from './pages.ts'

/**
 * Ends only when `livePull` is off and all events are there.
 *
 * @param betweenPages closed while another page follows
 */
export const pullFromBackend = (options: LeaderProcessorOptions, log: LeaderLog, betweenPages: Effect.Latch) =>
  Effect.gen(function* () {
    const { syncBackend, devtools } = yield* LeaderThreadCtx
    const runtime = yield* Effect.runtime<LeaderThreadCtx>()
    const latch = devtools.enabled ? devtools.syncBackendLatch : undefined
    let tries = 0

    const take = (events: readonly Event[]) => {
      const decision = decideBackendEvents(log.state(), events, renumber)
      if (decision.outcome === 'known') return
      if (decision.outcome === 'gap') throw new Error('Events of the sync backend are missing.')
      log.commit(decision, newsOf(decision))
      const described = decision.confirmed.filter(({ meta }) => Option.isSome(meta.syncMetadata))
      if (described.length > 0) Runtime.runSync(runtime)(Eventlog.updateSyncMetadata(described).pipe(Effect.orDie))
    }

    const pullOnce = Effect.gen(function* () {
      let held: readonly Event[] = []
      const cursor = yield* Eventlog.getSyncBackendCursorInfo({ remoteHead: log.state().backendHead as never })
      yield* syncBackend!.pull(cursor, { live: options.livePull }).pipe(
        Stream.runForEach(({ batch, pageInfo }) =>
          Effect.gen(function* () {
            const isLast = pageInfo._tag === 'NoMore'
            if (latch) yield* latch.await
            yield* isLast ? betweenPages.open : betweenPages.close
            yield* Effect.sync(() => {
              const pages = takePage(held, { events: batch.map(toEvent), isLast }, log.state().pending.length > 0)
              ;({ held } = pages)
              if (pages.take.length > 0) take(pages.take)
            })
            tries = 0
            yield* options.initialBlockingSyncContext.update({ processed: batch.length, pageInfo })
          }),
        ),
        Effect.ensuring(betweenPages.open),
      )
    })

    while (true) {
      const exit = yield* Effect.exit(pullOnce)
      if (Exit.isSuccess(exit) && !options.livePull) return
      if (Exit.isFailure(exit)) {
        const error = yield* backendError(exit.cause, options.onBackendIdMismatch)
        if (error?._tag !== 'IsOfflineError') {
          yield* Effect.logWarning(
            'LiveStore could not take the events of the sync backend. It tries again.',
            exit.cause,
          )
          if (options.onError === 'shutdown') yield* shutDown(exit.cause)
        }
      }
      yield* pauseAfter(tries++, BACKEND_PAUSE)
    }
  }).pipe(Effect.ensuring(betweenPages.open))

type PulledItem = Stream.Stream.Success<ReturnType<SyncBackend.SyncBackend['pull']>>['batch'][number]

const toEvent = ({ eventEncoded, metadata }: PulledItem): Event =>
  LiveStoreEvent.Client.EncodedWithMeta.fromGlobal(eventEncoded, {
    syncMetadata: metadata,
    // Known once the event is applied.
    materializerHashLeader: Option.none(),
    materializerHashSession: Option.none(),
  })
