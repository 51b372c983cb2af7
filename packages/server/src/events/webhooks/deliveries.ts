/**
 * Sends events to webhooks: each event at least once, those of one store in the order of its log. Each pair of webhook and store is
 * a loop of its own, so that one that fails stops no other.
 */
import { backoffMs, type StoreId } from '@rockpool/protocol'
import { type Clock, type FileEvent, pause } from '@rockpool/sync-server'
import type { Appends } from '../appends.ts'
import type { Cursor } from '../cursor.ts'
import { nextTurn } from '../next-turn.ts'
import { type StorageEvent, toStorageEvent } from '../storage-event.ts'
import { createStoreLoops } from '../store-loops.ts'
import type { ReadableLogs } from '../../rest/services.ts'
import type { HookCursors } from './hook-cursors.ts'
import { send } from './send.ts'
import { createSlots, type Slots } from './slots.ts'
import { nameOf, wants, type Webhook } from './webhook.ts'

export interface DeliveriesOptions {
  readonly webhooks: readonly Webhook[]
  readonly logs: ReadableLogs
  readonly appends: Pick<Appends, 'watchAll'>
  readonly cursors: HookCursors
  readonly checks: HookChecks
  readonly clock: Clock
  /** 0 (inclusive) to 1 (exclusive) */
  readonly random: () => number
  readonly report: (outcome: DeliveryOutcome) => void
}

/** What webhooks have to do with files that are held. */
export interface HookChecks {
  /** buckets that hold */
  readonly buckets: readonly string[]
  /** Fields of the event of a held file, for who checks it; undefined for all other events. */
  describe(storeId: StoreId, event: FileEvent): Promise<object | undefined>
  /** Gets the response to an event that was described. */
  respond(event: FileEvent, response: unknown): Promise<void>
}

export type DeliveryOutcome = { readonly kind: 'accepted' } | DeliveryFailure

export interface DeliveryFailure {
  readonly kind: 'failed'
  /** host of the receiver */
  readonly webhook: string
  readonly storeId: StoreId
  /** of the event; undefined when the log could not be read, or the cursor not written */
  readonly cursor: string | undefined
  /** failed attempts in a row */
  readonly attempts: number
  readonly reason: string
  /** unix ms */
  readonly retryAt: number
}

export interface Deliveries {
  /** Ends what is under way: it is sent again after the next start. */
  stop(): Promise<void>
}

/** Events read at a time. */
const PAGE_EVENTS = 100
/** Requests to one receiver at the same time. */
const MAX_REQUESTS = 4

/**
 * A webhook that is new begins with the events that come from now on; one that is the first to hear of a bucket that holds, with
 * all events, since files that are there already wait, too.
 *
 * @throws EventLogError when the stores cannot be listed
 */
export const startDeliveries = async (options: DeliveriesOptions): Promise<Deliveries> => {
  const { webhooks, logs, appends, cursors, checks } = options
  const stopping = new AbortController()
  const storeIds = webhooks.length === 0 ? [] : ((await logs.storeIds?.()) ?? [])
  await cursors.keepOnly(webhooks.map(({ url }) => url))
  for (const webhook of webhooks) {
    const { url } = webhook
    const holding = checks.buckets.filter((bucket) => wants(webhook, { kind: 'added', bucket }))
    const before = await cursors.startOf(url)
    if (holding.some((bucket) => !before?.holding.includes(bucket))) await cursors.start(url, { holding }, new Map())
    else if (before) await cursors.setStart(url, { holding })
    else await cursors.start(url, { holding }, await headsOf(options, webhook, storeIds))
  }

  const loops = webhooks.map((webhook) => {
    const slots = createSlots(MAX_REQUESTS)
    return createStoreLoops((storeId) => deliverAll(webhook, storeId, slots, options, stopping.signal), stopping.signal)
  })
  const wake = (storeId: StoreId) => {
    for (const { wake } of loops) wake(storeId)
  }
  const stopWatching = appends.watchAll(wake)
  for (const storeId of storeIds) wake(storeId)
  return {
    stop: async () => {
      stopWatching()
      stopping.abort(new Error('The server is stopping.'))
      await Promise.all(loops.map(({ ended }) => ended()))
    },
  }
}

/** A log that cannot be read has none: it stops no other store, and its events are sent from the first one once it can be. */
const headsOf = async (
  { logs, clock, report }: DeliveriesOptions,
  webhook: Webhook,
  storeIds: readonly StoreId[],
): Promise<ReadonlyMap<StoreId, Cursor>> => {
  const heads = new Map<StoreId, Cursor>()
  for (const storeId of storeIds) {
    try {
      const log = await logs.open(storeId)
      heads.set(storeId, { backendId: log.backendId, seqNum: await log.head() })
    } catch (error) {
      const { message } = error as Error
      const what = { webhook: nameOf(webhook), storeId, cursor: undefined }
      report({ kind: 'failed', ...what, attempts: 1, reason: message, retryAt: clock.now() })
    }
  }
  return heads
}

/** Delivers what the log of a store has, however often it fails. @throws the reason of `signal` when it is aborted, nothing else */
const deliverAll = async (
  webhook: Webhook,
  storeId: StoreId,
  slots: Slots,
  options: DeliveriesOptions,
  signal: AbortSignal,
): Promise<void> => {
  const { logs, cursors, checks, clock } = options
  const retried = <A>(work: () => Promise<A>, cursor?: string) =>
    untilSuccess(work, options, signal, { webhook: nameOf(webhook), storeId, cursor })

  for (;;) {
    const { backendId, cursorId, events, next, more } = await retried(async () =>
      readPage(logs, storeId, await cursors.read(webhook.url, storeId)),
    )
    for (const event of events.filter((each) => wants(webhook, each))) {
      const storageEvent = toStorageEvent(storeId, cursorId, event)
      await retried(async () => {
        const check = await checks.describe(storeId, event)
        const body = { ...storageEvent, ...check }
        const response = await slots.use(() => deliver(webhook, body, clock, signal))
        if (check) await checks.respond(event, response)
      }, storageEvent.cursor)
      options.report({ kind: 'accepted' })
      await retried(() => cursors.write(webhook.url, storeId, { backendId, seqNum: event.seqNum }))
    }
    await retried(() => cursors.write(webhook.url, storeId, { backendId, seqNum: next }))
    if (!more) return
    await nextTurn()
  }
}

/** The events after a cursor; from the first one when the log is another one now, as after a restore. */
const readPage = async (logs: ReadableLogs, storeId: StoreId, cursor: Cursor | undefined) => {
  const log = await logs.open(storeId)
  const isOfLog = cursor?.backendId === log.backendId && cursor.seqNum <= (await log.head())
  const page = await log.readModel.fileEvents({ since: isOfLog ? cursor.seqNum : 0, limit: PAGE_EVENTS })
  return { backendId: log.backendId, cursorId: log.cursorId, ...page }
}

/** @returns the response as JSON, undefined when it is none. @throws DeliveryError */
const deliver = async (webhook: Webhook, event: StorageEvent, clock: Clock, signal: AbortSignal): Promise<unknown> => {
  const timestamp = Math.floor(clock.now() / 1_000)
  const attempt = await send(webhook, { id: event.cursor, timestamp, body: JSON.stringify(event) }, clock, signal)
  if (attempt.kind === 'failed') throw new DeliveryError(attempt.reason, attempt.retryAfterMs)
  return attempt.response
}

class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  readonly retryAfterMs: number | undefined

  constructor(message: string, retryAfterMs: number | undefined) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

/** @throws the reason of `signal` when it is aborted, nothing else */
const untilSuccess = async <A>(
  work: () => Promise<A>,
  { clock, random, report }: DeliveriesOptions,
  signal: AbortSignal,
  what: Pick<DeliveryFailure, 'webhook' | 'storeId' | 'cursor'>,
): Promise<A> => {
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      const { message, retryAfterMs } = error as DeliveryError
      const delay = backoffMs(attempts, random(), retryAfterMs)
      report({ kind: 'failed', ...what, attempts, reason: message, retryAt: clock.now() + delay })
      await pause(clock, delay, signal)
    }
  }
}
