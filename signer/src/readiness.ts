/** `/ready`: whether the storage responds. One probe at a time, cached, so that requests cannot flood the storage. */
import type { ObjectStore, StoreHealth } from '@rockpool/object-store'

const CACHE_MS = 5_000
/** After this time a probe counts as failed. */
const PROBE_TIMEOUT_MS = 5_000

export const createReadiness = (store: ObjectStore, now: () => number = Date.now) => {
  let probedAt = Number.NEGATIVE_INFINITY
  let health: Promise<StoreHealth> | undefined
  return async (): Promise<Response> => {
    if (health === undefined || now() - probedAt > CACHE_MS) {
      probedAt = now()
      health = probe(store)
    }
    const { ok, ...rest } = await health
    return Response.json({ ok, store: rest }, { status: ok ? 200 : 503, headers: { 'cache-control': 'no-store' } })
  }
}

const probe = async (store: ObjectStore): Promise<StoreHealth> => {
  const started = performance.now()
  try {
    return await store.checkHealth({ signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
  } catch {
    const { mode, integrity } = store
    return {
      ok: false,
      mode,
      integrity,
      latencyMs: Math.round(performance.now() - started),
      error: 'The storage does not respond.',
    }
  }
}
