/** What follows a failed call of the sync backend: a retry by the caller, or the end of the store. */
import { type BackendIdMismatchError, IntentionalShutdownCause, UnknownError } from '@livestore/common'
import { LeaderThreadCtx } from '@livestore/common/leader-thread'
import { Cause, Effect, Option } from 'effect'
import { clearDatabases } from './databases.ts'
import type { LeaderProcessorOptions } from './options.ts'

/** Between tries to reach the sync backend. Its provider has a back-off of its own. */
export const BACKEND_PAUSE = { base: 500, max: 10_000 }

/**
 * The error that a call failed with; undefined for a defect. Does not return when the fiber was interrupted, or when the
 * backend is another one than before.
 */
export const backendError = <E extends { readonly _tag: string }>(
  cause: Cause.Cause<E>,
  onBackendIdMismatch: LeaderProcessorOptions['onBackendIdMismatch'],
): Effect.Effect<Exclude<E, BackendIdMismatchError> | undefined, never, LeaderThreadCtx> =>
  Effect.gen(function* () {
    if (Cause.isInterruptedOnly(cause)) return yield* Effect.interrupt
    const error = Option.getOrUndefined(Cause.failureOption(cause))
    if (isBackendIdMismatch(error)) return yield* handleForeignBackend(error, onBackendIdMismatch)
    return error as Exclude<E, BackendIdMismatchError> | undefined
  })

const isBackendIdMismatch = (error: { readonly _tag: string } | undefined): error is BackendIdMismatchError =>
  error?._tag === 'BackendIdMismatchError'

/** The backend has another log, which does not continue this one. */
const handleForeignBackend = (error: BackendIdMismatchError, action: LeaderProcessorOptions['onBackendIdMismatch']) =>
  Effect.gen(function* () {
    const { dbEventlog, dbState, shutdownChannel } = yield* LeaderThreadCtx
    if (action === 'ignore') return yield* Effect.never
    yield* Effect.logWarning('This sync backend is another one than before. The store shuts down.', error)
    if (action === 'shutdown') {
      yield* shutdownChannel.send(error).pipe(Effect.orDie)
      return yield* Effect.never
    }
    yield* Effect.sync(() => clearDatabases({ dbEventlog, dbState }))
    yield* shutdownChannel.send(IntentionalShutdownCause.make({ reason: 'backend-id-mismatch' })).pipe(Effect.orDie)
    return yield* Effect.never
  })

export const shutDown = (cause: Cause.Cause<unknown>) =>
  Effect.flatMap(LeaderThreadCtx, ({ shutdownChannel }) =>
    shutdownChannel.send(UnknownError.make({ cause })).pipe(Effect.orDie, Effect.zipRight(Effect.never)),
  )
