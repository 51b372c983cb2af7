/** The checks behind `/ready`: whether the object store and the event logs respond. */
import { describeError, type Signer } from '@rockpool/signer'
import { cached } from './cached.ts'
import type { ServerLogs } from './open-logs.ts'

export interface Readiness {
  readonly ok: boolean
  /** of the signer's own `/ready`: mode, latency and, of a hybrid store, what waits for S3 */
  readonly store: unknown
  readonly logs: { readonly ok: boolean; readonly error?: string }
}

/** No one can flood the storage by asking. As long as the signer's own. */
const KEEP_MS = 5_000

export const createReadiness = (signer: Signer, logs: Pick<ServerLogs, 'ping'>): (() => Promise<Readiness>) =>
  cached(async () => {
    const [response, logsReady] = await Promise.all([
      signer.fetch(new Request('http://localhost/ready')),
      logs.ping().then(
        () => ({ ok: true }),
        (error: unknown) => ({ ok: false, error: describeError(error) }),
      ),
    ])
    const { store } = (await response.json()) as { readonly store: unknown }
    return { ok: response.ok && logsReady.ok, store, logs: logsReady }
  }, KEEP_MS)
