/** A tab that stands still at an await, as a page does that a debugger, the browser or the kernel has stopped. */
import type { EnginePorts } from '../engine/engine.ts'
import type { Send } from '../engine/transfers/http.ts'
import type { Platform, PlatformChannel } from '../platform/platform.ts'

export interface Freezer {
  /** awaits that the tab has passed: one before each call of a port and one after it */
  readonly passed: number
  readonly isFrozen: boolean
  /** The tab stands still at its next await, or at its `nth` from now. */
  freeze(nth?: number): void
  /** The tab goes on. */
  thaw(): void
}

/** What a tab reaches outside itself: no call begins, and none is heard to have ended, while it is frozen. */
export interface FreezablePorts {
  readonly ports: EnginePorts & { readonly fetch: typeof fetch; readonly send: Send; readonly platform: Platform }
  readonly freezer: Freezer
}

export const freezable = (given: FreezablePorts['ports']): FreezablePorts => {
  let passed = 0
  let freezeAt = Number.POSITIVE_INFINITY
  let frozen: PromiseWithResolvers<void> | undefined
  const gate = async (): Promise<void> => {
    passed++
    if (passed >= freezeAt) frozen ??= Promise.withResolvers()
    while (frozen) await frozen.promise
  }
  const gated =
    <Args extends unknown[], A>(call: (...args: Args) => Promise<A>) =>
    async (...args: Args): Promise<A> => {
      await gate()
      try {
        return await call(...args)
      } finally {
        await gate()
      }
    }
  const gatedPort = <Port extends object>(port: Port, names: readonly (keyof Port)[]): Port => {
    const gates = names.map((name) => [
      name,
      gated((port[name] as (...args: unknown[]) => Promise<unknown>).bind(port)),
    ])
    return { ...port, ...Object.fromEntries(gates) }
  }
  const openChannel = (name: string): PlatformChannel => {
    const channel = given.platform.openChannel(name)
    return {
      postMessage: (message) => channel.postMessage(message),
      close: () => channel.close(),
      get onmessage() {
        return channel.onmessage
      },
      set onmessage(listener) {
        channel.onmessage = (event) => void gate().then(() => listener?.call(channel as BroadcastChannel, event))
      },
    }
  }

  return {
    ports: {
      ...given,
      index: gatedPort(given.index, ['get', 'getMany', 'getAll', 'write']),
      blobs: gatedPort(given.blobs, functionsOf(given.blobs)),
      signer: gatedPort(given.signer, functionsOf(given.signer)),
      fetch: gated(given.fetch),
      send: gated(given.send),
      platform: {
        ...given.platform,
        openChannel,
        locks: {
          request: async (name, options, whileHeld) => {
            try {
              return await given.platform.locks.request(name, options, async (lock) => {
                await gate()
                return whileHeld(lock)
              })
            } finally {
              await gate()
            }
          },
        },
      },
    },
    freezer: {
      get passed() {
        return passed
      },
      get isFrozen() {
        return frozen !== undefined
      },
      freeze: (nth = 1) => void (freezeAt = passed + nth),
      thaw() {
        freezeAt = Number.POSITIVE_INFINITY
        frozen?.resolve()
        frozen = undefined
      },
    },
  }
}

const functionsOf = <Port extends object>(port: Port): readonly (keyof Port)[] =>
  (Object.keys(port) as (keyof Port)[]).filter((name) => typeof port[name] === 'function')
