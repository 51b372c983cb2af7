/** The engine's dependencies as Effect services: the four ports, the platform and the settings. */
import { type Buckets, isRockpoolError, RockpoolError, type StoreId, type TokenClaims } from '@rockpool/protocol'
import { Context, Effect } from 'effect'
import type { BlobStore } from '../ports/blob-store.ts'
import type { LocalIndex } from '../ports/local-index.ts'
import type { RecordLog } from '../ports/record-log.ts'
import type { Signer } from '../ports/signer.ts'
import type { Platform as PlatformService } from '../platform/platform.ts'
import type { Send } from './transfers/http.ts'

export class LogPort extends Context.Tag('@rockpool/core/RecordLog')<LogPort, RecordLog>() {}
export class BlobPort extends Context.Tag('@rockpool/core/BlobStore')<BlobPort, BlobStore>() {}
export class IndexPort extends Context.Tag('@rockpool/core/LocalIndex')<IndexPort, LocalIndex>() {}
export class SignerPort extends Context.Tag('@rockpool/core/Signer')<SignerPort, Signer>() {}

export class Platform extends Context.Tag('@rockpool/core/Platform')<Platform, PlatformService>() {}

export interface EngineSettings {
  readonly storeId: StoreId
  readonly buckets: Buckets
  /** the signed-in user, by the token; undefined before the first token */
  readonly claims: () => TokenClaims | undefined
  /** names this device's locks and channels: the storeId, with the device before it where one process holds several */
  readonly scope: string
  readonly fetch: typeof fetch
  readonly send: Send
  /** connections to the object store that transfers use at the same time */
  readonly connections: number
  /** contents that a full comparison of this device asks the signer about, at most */
  readonly checksPerMinute: number
  /** path of the app, below which file URLs are */
  readonly base: string
}

export class Settings extends Context.Tag('@rockpool/core/Settings')<Settings, EngineSettings>() {}

/**
 * Calls a port. Any error becomes a RockpoolError. Interruption aborts the signal, then waits until the work has ended:
 * releasing a lock or cleaning up must not race with it.
 */
export const callPort = <A>(work: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, RockpoolError> =>
  Effect.async<A, RockpoolError>((resume, signal) => {
    const ended = Promise.resolve()
      .then(() => work(signal))
      .then(
        (value) => resume(Effect.succeed(value)),
        (cause: unknown) => resume(Effect.fail(asRockpoolError(cause))),
      )
    return Effect.promise(() => ended)
  })

export const asRockpoolError = (cause: unknown): RockpoolError =>
  isRockpoolError(cause)
    ? cause
    : new RockpoolError(
        'internal',
        `Something failed that should not: ${cause instanceof Error ? cause.message : String(cause)}. Reload the page; if it stays, report it.`,
        { cause },
      )

/** The index has another epoch than this leader, or none. */
export const epochConflict = (found: number | undefined, epoch: number): RockpoolError | undefined => {
  if (found === epoch) return undefined
  return (found ?? 0) > epoch ? superseded() : indexLost()
}

const indexLost = (): RockpoolError =>
  new RockpoolError(
    'disk_failed',
    'The browser cleared the data of this site. Files that are still on this device are restored.',
  )

/** The error of a leader whose epoch is over. */
export const superseded = (): RockpoolError =>
  new RockpoolError('superseded', 'Another tab leads the transfers of this store now.')
