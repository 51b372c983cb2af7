/** `/ready`: whether the storage answers. One probe at a time, and its answer kept: nobody can make us flood the storage. */
import type { ObjectStore, StoreHealth } from '@rockpool/object-store'

const KEPT_MS = 5_000
/** A probe that hangs counts as a storage that is down. */
const PATIENCE_MS = 5_000

export const createReadiness = (store: ObjectStore, now: () => number = Date.now) => {
  let asked = Number.NEGATIVE_INFINITY
  let health: Promise<StoreHealth> | undefined
  return async (): Promise<Response> => {
    if (health === undefined || now() - asked > KEPT_MS) {
      asked = now()
      health = probe(store)
    }
    const { ok, ...rest } = await health
    return Response.json({ ok, store: rest }, { status: ok ? 200 : 503, headers: { 'cache-control': 'no-store' } })
  }
}

const probe = async (store: ObjectStore): Promise<StoreHealth> => {
  const started = performance.now()
  try {
    return await store.checkHealth({ signal: AbortSignal.timeout(PATIENCE_MS) })
  } catch {
    const { mode, integrity } = store
    return {
      ok: false,
      mode,
      integrity,
      latencyMs: Math.round(performance.now() - started),
      error: 'The storage does not answer.',
    }
  }
}
