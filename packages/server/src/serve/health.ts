/** `/health`: the process is up, and whether it starts, runs or drains. `/ready`: it can take work. */
import type { ServerResponse } from 'node:http'
import { VERSION } from '../version.ts'

export type ServerState = 'starting' | 'running' | 'draining'

/** 200 also while the server drains: a supervisor that restarts unhealthy processes would cut the calls under way. */
export const respondHealth = (outgoing: ServerResponse, state: ServerState): void =>
  respondJson(outgoing, 200, { ok: true, state, version: VERSION })

/** 503 unless the server runs, so that a load balancer sends no calls. `check` probes logs and storage. */
export const respondReady = async (
  outgoing: ServerResponse,
  state: ServerState,
  check: () => Promise<{ readonly ok: boolean }>,
): Promise<void> => {
  if (state !== 'running') return respondJson(outgoing, 503, { ok: false, state })
  const { ok, ...parts } = await check()
  respondJson(outgoing, ok ? 200 : 503, { ok, state, ...parts })
}

/** A call that comes too early or too late. Clients send it again. */
export const respondUnavailable = (outgoing: ServerResponse, state: ServerState): void => {
  const message = state === 'starting' ? 'This server is starting. Try again.' : 'This server is stopping. Try again.'
  outgoing.setHeader('retry-after', '1')
  outgoing.setHeader('connection', 'close')
  respondJson(outgoing, 503, { error: { code: 'storage_unavailable', message } })
}

/** A caller who has too many calls under way. Clients send it again. */
export const respondTooMany = (outgoing: ServerResponse): void => {
  const message = 'Too many calls at once. Wait for the responses of some, and for the time in Retry-After.'
  outgoing.setHeader('retry-after', '1')
  outgoing.setHeader('connection', 'close')
  respondJson(outgoing, 429, { error: { code: 'rate_limited', message } })
}

export const respondJson = (outgoing: ServerResponse, status: number, body: object): void => {
  outgoing.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  outgoing.end(JSON.stringify(body))
}
