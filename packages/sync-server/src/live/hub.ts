/** The subscribers of all stores in this process. */
import type { StoreId } from '@rockpool/protocol'
import type { Clock } from '../clock.ts'
import type { EventLog } from '../event-log/event-log.ts'
import { liveMessage, type LiveUpdate, MAX_MESSAGE_BYTES } from './message.ts'
import { CLOSE, publish, type Subscriber } from './publish.ts'
import type { LiveGrant } from './accept.ts'
import { MAX_EVENTS } from '../http/route.ts'

/** `setTimeout` fires immediately for a longer time. */
const MAX_TIMER_MS = 2 ** 31 - 1

export type Transport = Omit<Subscriber, 'expiresAt'>

export interface Hub {
  /**
   * Sends the first message, then one for each append.
   *
   * @returns ends the subscription; the transport is left open
   */
  subscribe(log: EventLog, grant: LiveGrant, transport: Transport): Promise<() => void>
  publish(storeId: StoreId, update: LiveUpdate): void
  /** The stores with subscribers. */
  storeIds(): readonly StoreId[]
  hasSubscribers(storeId: StoreId): boolean
  /** Closes all subscribers, and each later one at its start. */
  close(): void
}

/** @param onDelivery see `SyncOptions` */
export const createHub = (clock: Clock, onDelivery?: (ms: number) => void): Hub => {
  const stores = new Map<StoreId, Set<Subscription>>()
  let closed = false

  const remove = (storeId: StoreId, subscription: Subscription) => {
    subscription.cancelTimer()
    const subscriptions = stores.get(storeId)
    subscriptions?.delete(subscription)
    if (subscriptions?.size === 0) stores.delete(storeId)
  }

  const send = (storeId: StoreId, subscriptions: Iterable<Subscription>, message: string) => {
    for (const dropped of publish(subscriptions, message, clock.now())) remove(storeId, dropped)
  }

  const closeAtExpiry = (storeId: StoreId, subscription: Subscription): void => {
    const { expiresAt } = subscription
    if (expiresAt === Number.POSITIVE_INFINITY) return
    const wait = Math.min(Math.max(expiresAt - clock.now(), 0), MAX_TIMER_MS)
    subscription.cancelTimer = clock.setTimer(() => {
      if (expiresAt > clock.now()) return closeAtExpiry(storeId, subscription)
      remove(storeId, subscription)
      subscription.close(CLOSE.unauthenticated, 'The token has expired.')
    }, wait)
  }

  return {
    subscribe: async (log, { storeId, since, expiresAt }, transport) => {
      const subscription = new Subscription(transport, expiresAt)
      if (closed) {
        subscription.close(CLOSE.goingAway, 'The server is stopping.')
        return () => {}
      }
      const subscriptions = stores.get(storeId) ?? new Set()
      stores.set(storeId, subscriptions.add(subscription))
      closeAtExpiry(storeId, subscription)
      try {
        // The subscription records appends from here on: none is lost between this page and the next message.
        const { head, events } = await log.read(since, { limit: MAX_EVENTS, maxBytes: MAX_MESSAGE_BYTES })
        const { backendId } = log
        const missed = subscription.open()
        if (subscriptions.has(subscription)) {
          send(storeId, [subscription], liveMessage({ backendId, since, head, events }))
          if (missed > head)
            send(storeId, [subscription], liveMessage({ backendId, since: head, head: missed, events: [] }))
        }
      } catch (error) {
        remove(storeId, subscription)
        throw error
      }
      return () => remove(storeId, subscription)
    },

    publish: (storeId, update) => {
      const subscriptions = stores.get(storeId)
      if (!subscriptions) return
      for (const subscription of subscriptions) subscription.noteHead(update.head)
      send(storeId, subscriptions, liveMessage(update))
      if (update.storedAt !== undefined) onDelivery?.(clock.now() - update.storedAt)
    },

    storeIds: () => [...stores.keys()],
    hasSubscribers: (storeId) => stores.has(storeId),

    close: () => {
      closed = true
      for (const [storeId, subscriptions] of stores) {
        for (const subscription of subscriptions) {
          remove(storeId, subscription)
          subscription.close(CLOSE.goingAway, 'The server is stopping.')
        }
      }
    },
  }
}

/** A subscriber that sends nothing before its first page. */
class Subscription implements Subscriber {
  readonly #transport: Transport
  readonly expiresAt: number
  cancelTimer: () => void = () => {}
  #isOpen = false
  #missedHead = 0

  constructor(transport: Transport, expiresAt: number) {
    this.#transport = transport
    this.expiresAt = expiresAt
  }

  get bufferedAmount(): number {
    return this.#transport.bufferedAmount
  }

  noteHead(head: number): void {
    if (!this.#isOpen) this.#missedHead = head
  }

  /** @returns the head that was published before, 0 for none */
  open(): number {
    this.#isOpen = true
    return this.#missedHead
  }

  send(message: string): void {
    if (this.#isOpen) this.#transport.send(message)
  }

  close(code: number, reason: string): void {
    this.#transport.close(code, reason)
  }
}
