/**
 * The log of each simulated device over the sync server's HTTP contract (docs/contracts/sync-http.md), in the place of core's
 * in-memory backend: pending events are pushed with `mayRenumber`, pages are pulled, and what is pending is rebased behind them.
 */
import { CONNECTED, type Refusal, type SyncStatus, syncStatus } from '@rockpool/core'
import { type MemoryDevice, memoryPage, type MemorySyncBackend, type RefuseEvent } from '@rockpool/core/memory'
import { decodeEvent, packMeta, type PoolEvent, type PoolEventName, unpackMeta } from '@rockpool/core/records'
import {
  makeListeners,
  makeNetwork,
  makeSyncStatusSource,
  memoryReplica,
  type Process,
  STORE_ID,
  type World,
} from '@rockpool/core/simulation'
import type { TokenOf } from './tokens.ts'

export const SERVER = 'https://server.simulation'

/** ms. A device whose request failed waits for as long, doubled each time up to the second one. */
const RETRY_MS = 500
const MAX_RETRY_MS = 30_000
/** ms. A request without a response within this time has failed. */
const TIMEOUT_MS = 30_000
/** events of one push, of few, so that a device with many pending ones needs several */
const MAX_PUSH = 5

/** An event as it travels. */
export interface WireEvent {
  readonly name: string
  readonly args?: unknown
  readonly seqNum: number
  readonly parentSeqNum: number
  readonly clientId: string
  readonly sessionId: string
}

/** What any call of the sync server responds with, as far as a device reads it. */
interface SyncBody {
  readonly head: number
  readonly events?: readonly WireEvent[]
  readonly taken?: number
  readonly refused?: readonly { readonly index: number; readonly code: string; readonly message: string }[]
}

export interface SyncedLogs {
  readonly backend: MemorySyncBackend
  /** Tells the devices that the log has grown, and whose event is the last one. */
  appended(events: readonly WireEvent[]): void
}

export const makeSyncedLogs = (world: World, tokenOf: TokenOf): SyncedLogs => {
  const confirmed: { readonly event: PoolEvent; readonly device: string }[] = []
  const devices = new Map<string, SyncedDevice>()
  const links = new Map<string, Link>()

  const linkOf = (id: string): Link => {
    const link = links.get(id) ?? makeLink(id)
    links.set(id, link)
    return link
  }
  const open = (id: string, pulled: number): SyncedDevice => {
    const device = new SyncedDevice(world, linkOf(id), tokenOf)
    device.start(confirmed.slice(0, pulled).map(({ event }) => event))
    devices.set(id, device)
    return device
  }
  const device = (id: string): SyncedDevice => devices.get(id) ?? open(id, 0)

  const backend: MemorySyncBackend = {
    confirmed,
    device,
    disconnect(id) {
      linkOf(id).connection.isUp = false
      linkOf(id).sync.set(NO_ANSWER)
    },
    connect(id) {
      linkOf(id).connection.isUp = true
      linkOf(id).sync.set(CONNECTED)
      device(id).syncSoon()
    },
    report: (id, status: SyncStatus) => linkOf(id).sync.set(status),
    refuse(_: RefuseEvent) {
      throw new Error('What is refused is decided by the sync server.')
    },
    crash(id) {
      const { pulled } = device(id)
      device(id).die()
      open(id, pulled)
    },
    erase(id) {
      device(id).die()
      devices.delete(id)
    },
  }

  return {
    backend,
    appended(events) {
      for (const event of events) {
        const decoded = toPoolEvent(event)
        if (!decoded) return world.fail(`the sync server took an event that no device can read: ${event.name}`)
        confirmed.push({ event: decoded, device: event.clientId })
      }
      const writer = events.at(-1)?.clientId
      for (const [id, other] of devices) if (id !== writer) other.syncSoon()
    },
  }
}

const NO_ANSWER = syncStatus('no_answer', 'The sync server does not respond. Changes sync when it is back.')

/** What outlives a crash of the device. */
interface Link {
  readonly id: string
  readonly connection: { isUp: boolean; inFlight: number }
  readonly sync: ReturnType<typeof makeSyncStatusSource>
}

const makeLink = (id: string): Link => ({
  id,
  connection: { isUp: true, inFlight: 0 },
  sync: makeSyncStatusSource(CONNECTED),
})

let sessions = 0

interface Pending {
  readonly event: PoolEvent
  /** unique to the commit, so that the server recognizes a repeat under another number */
  readonly sessionId: string
  takeBack: () => void
}

class SyncedDevice implements MemoryDevice {
  readonly session = String(++sessions)
  readonly replica = memoryReplica()
  readonly journal: { readonly subject: string; readonly opId: string }[] = []
  pulled = 0
  readonly #world: World
  readonly #link: Link
  readonly #tokenOf: TokenOf
  readonly #process: Process
  readonly #fetch: typeof fetch
  readonly #changes = makeListeners<void>()
  readonly #refusals = makeListeners<Refusal>()
  #pending: Pending[] = []
  #isScheduled = false
  #isSyncing = false
  #hasNews = false
  #failures = 0

  constructor(world: World, link: Link, tokenOf: TokenOf) {
    this.#world = world
    this.#link = link
    this.#tokenOf = tokenOf
    this.#process = { name: `${link.id}.log`, isAlive: true, isFrozen: false }
    const device = { name: link.id, connection: link.connection }
    const platform = { clock: world.clock, page: memoryPage() }
    this.#fetch = makeNetwork(world, { process: this.#process, device, platform }).serverFetch
  }

  get sync() {
    return this.#link.sync
  }

  /** Begins with what the device knew. */
  start(known: readonly PoolEvent[]): void {
    for (const event of known) this.#apply(event)
    this.pulled = known.length
    this.syncSoon()
  }

  die(): void {
    this.#process.isAlive = false
  }

  append(events: readonly PoolEvent[]): void {
    if (events.length === 0) return
    for (const event of events) {
      this.#pending.push({ event, sessionId: this.#world.newId(), takeBack: this.#apply(event) })
    }
    this.#changes.emit()
    this.syncSoon()
  }

  subscribe(listener: () => void): () => void {
    return this.#changes.add(listener)
  }

  onRefused(listener: (refusal: Refusal) => void): () => void {
    return this.#refusals.add(listener)
  }

  syncSoon(ms = this.#world.delay(5)): void {
    // What happens during a request may not be in its response.
    if (this.#isSyncing) this.#hasNews = true
    if (this.#isScheduled || this.#isSyncing) return
    this.#isScheduled = true
    this.#world.scheduler.schedule(this.#process, 'syncs', ms, () => {
      this.#isScheduled = false
      void this.#exchange()
    })
  }

  async #exchange(): Promise<void> {
    if (!this.#link.connection.isUp) return
    this.#isSyncing = true
    this.#hasNews = false
    let isBehind = false
    try {
      isBehind = await (this.#pending.length > 0 ? this.#push() : this.#pull())
      this.#failures = 0
    } catch (error) {
      if (!(error instanceof SyncFailed) && !(error instanceof TypeError)) this.#world.fail(String(error))
      this.#failures++
    }
    this.#isSyncing = false
    if (this.#failures > 0) return this.syncSoon(Math.min(RETRY_MS * 2 ** this.#failures, MAX_RETRY_MS))
    if (isBehind || this.#hasNews || this.#pending.length > 0) this.syncSoon()
  }

  /** @returns whether the log has more */
  async #pull(): Promise<boolean> {
    const { head, events = [] } = await this.#call(`/events?since=${this.pulled}&limit=7`)
    this.#receive(events)
    return head > this.pulled
  }

  async #push(): Promise<boolean> {
    const batch = this.#pending.slice(0, MAX_PUSH)
    const parent = this.pulled
    const events = batch.map(({ event, sessionId }, index): WireEvent => {
      const args = packMeta({ ...event.args, opId: event.opId })
      const seqNum = parent + 1 + index
      return { name: event.name, args, seqNum, parentSeqNum: seqNum - 1, clientId: this.#link.id, sessionId }
    })
    const body = JSON.stringify({ parent, mayRenumber: true, events })
    const {
      head,
      events: behind,
      taken = batch.length,
      refused,
    } = await this.#call('/events', { method: 'POST', body })
    for (const { index, code, message } of refused ?? []) {
      this.#world.fail(`the sync server refused ${batch[index]!.event.name} of ${this.#link.id}: ${code}, ${message}`)
    }
    // A page begins behind those of the push that the log had already, at their numbers.
    const until = behind?.[0]?.seqNum ?? parent + taken + 1
    this.#receive([...events.filter(({ seqNum }) => seqNum < until), ...(behind ?? [])])
    return head > this.pulled
  }

  /** @throws SyncFailed when it has to be tried again, TypeError without a network */
  async #call(path: string, init: RequestInit = {}): Promise<SyncBody> {
    const attempt = async (fresh: boolean) => {
      const stop = new AbortController()
      const cancel = this.#world.clock.setTimer(() => stop.abort(new SyncFailed()), TIMEOUT_MS)
      try {
        return await this.#fetch(`${SERVER}/sync/${STORE_ID}${path}`, {
          ...init,
          signal: stop.signal,
          headers: { authorization: `Bearer ${this.#tokenOf(this.#link.id, { fresh })}` },
        })
      } finally {
        cancel()
      }
    }
    let response = await attempt(false)
    if (response.status === 401) response = await attempt(true)
    const { status } = response
    if (status === 200 || status === 409 || status === 422) {
      const body = (await response.json()) as SyncBody & { readonly error?: unknown }
      if (body.error === undefined) return body
      this.#world.fail(`the sync server gave ${this.#link.id} the error ${JSON.stringify(body.error)}`)
    } else if (status === 400) this.#world.fail(`the sync server refused a request: ${await response.text()}`)
    throw new SyncFailed()
  }

  /** Rebase: pending events are taken back, and applied again behind those that are in the log. */
  #receive(events: readonly WireEvent[]): void {
    const news = events.filter(({ seqNum }) => seqNum > this.pulled)
    if (news.length === 0) return
    for (const { takeBack } of this.#pending.toReversed()) takeBack()
    for (const event of news) {
      if (event.seqNum !== this.pulled + 1) return this.#world.fail(`the log skips the number ${this.pulled + 1}`)
      const decoded = toPoolEvent(event)
      if (decoded) this.#apply(decoded)
      this.pulled = event.seqNum
      if (event.clientId !== this.#link.id) continue
      this.#pending = this.#pending.filter(({ sessionId }) => sessionId !== event.sessionId)
    }
    for (const pending of this.#pending) pending.takeBack = this.#apply(pending.event)
    this.#changes.emit()
  }

  #apply(event: PoolEvent): () => void {
    this.journal.push({ subject: 'id' in event.args ? event.args.id : event.args.remoteKey, opId: event.opId })
    return this.replica.apply(event)
  }
}

class SyncFailed extends Error {}

export const toPoolEvent = ({ name, args }: WireEvent): PoolEvent | undefined =>
  decodeEvent(name as PoolEventName, unpackMeta(args))
