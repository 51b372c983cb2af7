/** Assembles the engine: services from the ports, background loops, and the public API. */
import { RockpoolError } from '@rockpool/protocol'
import { Effect, ExecutionStrategy, Exit, Layer, Logger, Scope } from 'effect'
import type { Pool } from '../pool.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Platform as PlatformService } from '../platform/platform.ts'
import { webPlatform } from '../platform/web-platform.ts'
import type { LocalIndex } from '../ports/local-index.ts'
import type { RecordLog } from '../ports/record-log.ts'
import type { Signer } from '../ports/signer.ts'
import { DeviceLive } from './device.ts'
import { emitDownloads } from './files/emit-downloads.ts'
import { emitContentChanges } from './log/consume-changes.ts'
import { GroupCommitLive } from './log/group-commit.ts'
import { lead } from './leadership/leader.ts'
import { PoolEmitterLive } from './pool-emitter.ts'
import { makePoolApi } from './pool-api.ts'
import { restarted } from './restarted.ts'
import { ConnectionsLive } from './transfers/connections.ts'
import { RefusedRowsLive } from './log/refused-rows.ts'
import { SyncStateLive } from './log/sync-state.ts'
import {
  BlobPort,
  callPort,
  type EngineSettings,
  IndexPort,
  LogPort,
  Platform,
  Settings,
  SignerPort,
} from './services.ts'

export interface EnginePorts {
  readonly log: RecordLog
  readonly blobs: BlobStore
  readonly index: LocalIndex
  readonly signer: Signer
  /** the page's or the process's own when not given */
  readonly platform?: PlatformService
}

/**
 * Opens a pool in the current scope, with the current clock. `close` or the end of the scope closes the pool and
 * its ports.
 */
export const makePool = (
  ports: EnginePorts,
  settings: EngineSettings,
): Effect.Effect<Pool, RockpoolError, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const given = Layer.mergeAll(
      Layer.succeed(LogPort, ports.log),
      Layer.succeed(BlobPort, ports.blobs),
      Layer.succeed(IndexPort, ports.index),
      Layer.succeed(SignerPort, ports.signer),
      Layer.succeed(Platform, ports.platform ?? webPlatform),
      Layer.succeed(Settings, settings),
    )
    const base = Layer.mergeAll(DeviceLive, PoolEmitterLive, RefusedRowsLive, ConnectionsLive).pipe(
      Layer.provideMerge(given),
    )
    const services = Layer.mergeAll(GroupCommitLive, SyncStateLive).pipe(Layer.provideMerge(base))
    yield* Scope.addFinalizer(scope, Effect.ignoreLogged(closePorts(ports)))
    return yield* Effect.gen(function* () {
      yield* Effect.forkScoped(lead)
      yield* Effect.forkScoped(restarted('Watching the log', emitContentChanges))
      yield* emitDownloads
      return yield* makePoolApi(() => Effect.runPromise(Scope.close(scope, Exit.void)))
    }).pipe(Effect.provide(yield* Layer.buildWithScope(services, scope)), Scope.extend(scope))
  }).pipe(Effect.provide(warnings(ports.platform ?? webPlatform)))

/** Sends the engine's warnings to the developer. */
const warnings = ({ warn }: PlatformService) =>
  Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => {
      const [text, ...details] = Array.isArray(message) ? (message as readonly unknown[]) : [message]
      warn(String(text), ...details)
    }),
  )

const closePorts = ({ log, blobs, index }: EnginePorts): Effect.Effect<void, RockpoolError> =>
  callPort(async () => {
    await Promise.all([log.close(), blobs.close(), index.close()])
  })
