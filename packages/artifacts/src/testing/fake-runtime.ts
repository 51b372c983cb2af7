/** A network and a clock that a test controls. */
import type { Runtime } from '../runtime.ts'
import { fetchTransport } from '../transport/fetch-transport.ts'

export type FakeReply =
  | number
  | Error
  | 'hang'
  | readonly [status: number, headers: Readonly<Record<string, string>>, body?: string]

export interface FakeRuntime extends Runtime {
  readonly requests: { readonly url: string; readonly init: RequestInit }[]
  /** ms of each wait */
  readonly waits: number[]
  readonly timeouts: { readonly ms: number; readonly fire: () => void }[]
  /** Resolves when there have been `count` requests. */
  requested(count: number): Promise<void>
}

/** Replies in turn. Waits end at once, or only by their signal. Random numbers are all 0.5. */
export const fakeRuntime = (replies: readonly FakeReply[], options: { readonly wait?: 'hang' } = {}): FakeRuntime => {
  const requests: FakeRuntime['requests'] = []
  const waits: number[] = []
  const timeouts: FakeRuntime['timeouts'] = []
  const watchers: { readonly count: number; readonly resolve: () => void }[] = []
  const untilAborted = (signal: AbortSignal | null | undefined) =>
    new Promise<never>((_, reject) => {
      if (signal?.aborted) reject(signal.reason)
      else signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  return {
    requests,
    waits,
    timeouts,
    requested: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve()
        else watchers.push({ count, resolve })
      }),
    request: fetchTransport(async (url, init) => {
      const reply = replies[requests.length]
      requests.push({ url, init })
      for (const { count, resolve } of watchers) if (requests.length >= count) resolve()
      if (reply === undefined) throw new Error('There is no reply left.')
      if (reply === 'hang') return untilAborted(init.signal)
      if (reply instanceof Error) throw reply
      const [status, headers, body = null] = typeof reply === 'number' ? [reply, {}] : reply
      return new Response(body, { status, headers })
    }),
    now: () => Date.UTC(2026, 10, 26, 20),
    random: () => 0.5,
    wait: async (ms, signal) => {
      waits.push(ms)
      if (options.wait === 'hang') await untilAborted(signal)
    },
    timeout: (ms) => {
      const controller = new AbortController()
      timeouts.push({ ms, fire: () => controller.abort(new DOMException('late', 'TimeoutError')) })
      return controller.signal
    },
  }
}
