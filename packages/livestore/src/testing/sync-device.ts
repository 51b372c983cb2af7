/** The sync provider as LiveStore's leader uses it, without a LiveStore around it, and a real sync server. */
import type { SyncBackend } from '@livestore/common'
import { KeyValueStore } from '@livestore/utils/effect'
import type { SyncStatus } from '@rockpool/core'
import { SECRET, signToken } from '@rockpool/access/testing'
import { memoryLogs } from '@rockpool/sync-server'
import { type RunningSyncServer, type StartOptions, startSyncServer } from '@rockpool/sync-server/node'
import { Cause, Effect, Exit, Fiber, Option, Scope, Stream } from 'effect'
import { onTestFinished, vi } from 'vitest'
import { makeSync, type MakeSyncOptions } from '../sync-client/make-sync.ts'
import type { SyncEvent } from '../sync-client/wire.ts'
import { type FastClock, makeFastClock } from './fast-clock.ts'

/** Leaves the mark of Rockpool's leader module. @returns how often each store was told to restart */
export const markLeader = (): ReadonlyMap<string, number> => {
  const restarts = new Map<string, number>()
  const leaders = new Proxy(new Map<string, { restart: () => void }>(), {
    get: (map, key) =>
      key === 'get'
        ? (storeId: string) => ({ restart: () => restarts.set(storeId, (restarts.get(storeId) ?? 0) + 1) })
        : Reflect.get(map, key),
  })
  setMark(leaders)
  return restarts
}

/** As in a build without the plugin. */
export const unmarkLeader = (): void => setMark(undefined)

const LEADERS = Symbol.for('rockpool.livestore.leader')

/** Until the test ends: Vitest runs with the plugin. */
const setMark = (leaders: unknown): void => {
  const marks = globalThis as Record<symbol, unknown>
  const before = marks[LEADERS]
  marks[LEADERS] = leaders
  onTestFinished(() => {
    marks[LEADERS] = before
  })
}

export const startServer = async (options: StartOptions = {}): Promise<RunningSyncServer> => {
  const server = await startSyncServer({ secrets: [SECRET], logs: memoryLogs(), onError: () => {}, ...options })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= server.stop())
  onTestFinished(stop)
  return { ...server, stop }
}

let stores = 0
export const newStoreId = (): string => `shop-${process.pid}-${stores++}`

export interface DeviceOptions extends Partial<MakeSyncOptions> {
  readonly url: string
  readonly storeId: string
  readonly clock?: FastClock
  /** what LiveStore keeps for the provider; give the same one again to reload */
  readonly kept?: Map<string, string>
}

export interface RunningPull {
  readonly items: SyncBackend.PullResItem[]
  /** numbers of all events, as they came */
  readonly seqNums: () => number[]
  readonly events: () => SyncEvent[]
  /** undefined while it runs */
  readonly ended: () => Exit.Exit<void, unknown> | undefined
  readonly stop: () => Promise<void>
}

export interface Device {
  readonly time: FastClock
  readonly statuses: SyncStatus[]
  readonly status: () => string
  readonly isConnected: () => boolean
  /** each value of `isConnected` that LiveStore heard of */
  readonly connections: readonly boolean[]
  readonly pull: (cursor?: number, options?: PullOptions) => RunningPull
  /** @returns `taken`, or the tag of the error */
  readonly push: (events: readonly SyncEvent[]) => Promise<PushOutcome>
  readonly close: () => Promise<void>
}

export interface PullOptions {
  readonly live?: boolean
  /** LiveStore's work on one item */
  readonly onItem?: (item: SyncBackend.PullResItem) => Effect.Effect<void>
}

export interface PushOutcome {
  readonly tag: 'taken' | 'ServerAheadError' | 'IsOfflineError' | 'UnknownError' | 'BackendIdMismatchError'
  readonly error: unknown
}

const keyValueStore = (kept: Map<string, string>) =>
  KeyValueStore.makeStringOnly({
    get: (key) => Effect.sync(() => Option.fromNullable(kept.get(key))),
    set: (key, value) => Effect.sync(() => void kept.set(key, value)),
    remove: (key) => Effect.sync(() => void kept.delete(key)),
    clear: Effect.sync(() => kept.clear()),
    size: Effect.sync(() => kept.size),
  })

export const openDevice = async ({
  storeId,
  clock: time = makeFastClock(),
  kept = new Map(),
  ...options
}: DeviceOptions): Promise<Device> => {
  const statuses: SyncStatus[] = []
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {})
  onTestFinished(() => warnings.mockRestore())
  const scope = Effect.runSync(Scope.make())
  const backend = await Effect.runPromise(
    makeSync({
      token: () => signToken(storeId),
      ...options,
      onStatus: (status, store) => {
        statuses.push(status)
        options.onStatus?.(status, store)
      },
    })({ storeId, clientId: 'a', payload: {} }).pipe(
      Effect.provideService(Scope.Scope, scope),
      Effect.provideService(KeyValueStore.KeyValueStore, keyValueStore(kept)),
      Effect.withClock(time.clock),
    ) as Effect.Effect<SyncBackend.SyncBackend, unknown>,
  )
  const connections: boolean[] = []
  Effect.runFork(
    Stream.runForEach(backend.isConnected.changes, (now) => Effect.sync(() => void connections.push(now))).pipe(
      Effect.forkIn(scope),
    ),
  )
  let isClosed = false
  const close = async () => {
    if (isClosed) return
    isClosed = true
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
  onTestFinished(close)

  return {
    time,
    statuses,
    status: () => statuses.at(-1)!.reason.code,
    isConnected: () => Effect.runSync(backend.isConnected.get),
    connections,
    pull: (cursor = 0, { live = true, onItem = () => Effect.void } = {}) => {
      const items: SyncBackend.PullResItem[] = []
      const at =
        cursor === 0 ? Option.none() : Option.some({ eventSequenceNumber: cursor as never, metadata: Option.none() })
      const fiber = Effect.runFork(
        backend.pull(at, { live }).pipe(
          Stream.runForEach((item) =>
            Effect.zipRight(
              onItem(item),
              Effect.sync(() => void items.push(item)),
            ),
          ),
        ),
      )
      const stop = () => Effect.runPromise(Effect.asVoid(Fiber.interrupt(fiber)))
      onTestFinished(stop)
      const events = () => items.flatMap(({ batch }) => batch.map(({ eventEncoded }) => eventEncoded))
      return {
        items,
        events,
        seqNums: () => events().map(({ seqNum }) => seqNum),
        ended: () => fiber.unsafePoll() ?? undefined,
        stop,
      }
    },
    push: async (events) => {
      const exit = await Effect.runPromiseExit(backend.push(events))
      if (Exit.isSuccess(exit)) return { tag: 'taken', error: undefined }
      const error = Option.getOrThrow(Cause.failureOption(exit.cause))
      return { tag: error._tag, error }
    },
    close,
  }
}

/** Events after `parent`, of the app itself, with some text in each. */
export const eventsAfter = (parent: number, ...texts: readonly string[]): SyncEvent[] =>
  texts.map((text, index) => ({
    name: 'v1.NoteWritten',
    args: { text },
    seqNum: (parent + index + 1) as never,
    parentSeqNum: (parent + index) as never,
    clientId: 'a',
    sessionId: 's',
  }))

export const upTo = (last: number, from = 1): number[] =>
  Array.from({ length: last - from + 1 }, (_, index) => from + index)
