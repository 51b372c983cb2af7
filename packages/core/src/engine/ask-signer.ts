import { RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'
import type { Signer } from '../ports/signer.ts'
import { callPort, SignerPort } from './services.ts'

/** A signer that does not respond must not block its callers (peer failure 16). */
const TIMEOUT_MS = 30_000

/** Calls the signer. Fails as the call does, or with `storage_unavailable` after 30 s without a response. */
export const askSigner = <A>(
  ask: (signer: Signer, signal: AbortSignal) => Promise<A>,
): Effect.Effect<A, RockpoolError, SignerPort> =>
  Effect.flatMap(SignerPort, (signer) => callPort((signal) => ask(signer, signal))).pipe(
    Effect.timeoutFail({ duration: TIMEOUT_MS, onTimeout: noResponse }),
  )

const noResponse = (): RockpoolError =>
  new RockpoolError('storage_unavailable', 'The signer did not respond for 30 seconds. The request is retried.')
