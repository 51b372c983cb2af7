import type { Refusal } from '../ports/record-log.ts'
import type { PoolEvent } from '../records/events.ts'
import { makeSyncStatusSource, type SettableSyncStatus } from '../sync/make-source.ts'
import { CONNECTED, type SyncStatus, syncStatus, type SyncStatusSource } from '../sync/sync-status.ts'
import { memoryReplica, type Replica } from './replica.ts'

export interface JournalEntry {
  /** id of a file, or remote key */
  readonly subject: string
  readonly opId: string
}

/** What a device knows of the log. The tabs of a device share it, as they share LiveStore's leader. */
export interface MemoryDevice {
  /** another one after a restart, when the journal begins anew */
  readonly session: string
  readonly replica: Replica
  /** what changed, in order; what a rebase applies again comes again */
  readonly journal: readonly JournalEntry[]
  /** how many confirmed events it has pulled */
  readonly pulled: number
  readonly sync: SyncStatusSource
  append(events: readonly PoolEvent[]): void
  /** @returns unsubscribe */
  subscribe(listener: () => void): () => void
  /** Calls `listener` for each event that the backend refuses, when the replica lacks it. @returns unsubscribe */
  onRefused(listener: (refusal: Refusal) => void): () => void
}

/** Why the backend does not take this event; undefined: it does. */
export type RefuseEvent = (event: PoolEvent) => Omit<Refusal, 'opId'> | undefined

interface Confirmed {
  readonly event: PoolEvent
  /** the one that pushed it */
  readonly device: string
}

/** The sync backend of one store in memory: gives the confirmed order, the same to all devices. */
export interface MemorySyncBackend {
  /** events in their confirmed order */
  readonly confirmed: readonly Confirmed[]
  device(id: string): MemoryDevice
  /** The device neither pushes nor pulls until `connect`. */
  disconnect(device: string): void
  connect(device: string): void
  /** Sets what the device's log says of its sync, until the next `connect` or `disconnect`. */
  report(device: string, status: SyncStatus): void
  /** Judges each event that is pushed from now on. What it refuses is rolled back on its device, the rest is taken. */
  refuse(decide: RefuseEvent): void
  /** The device dies: what it appended and the backend did not confirm is gone from its log. Open a new log then. */
  crash(device: string): void
  /** The device loses all it knows. */
  erase(device: string): void
}

export interface MemorySyncBackendOptions {
  /** Decides when a device exchanges events with the backend; in a microtask of its own when not given. */
  readonly schedule?: (device: string, exchange: () => void) => void
}

export const memorySyncBackend = ({
  // A microtask of its own, so that an append is pending for a moment, as over a network.
  schedule = (_, exchange) => queueMicrotask(exchange),
}: MemorySyncBackendOptions = {}): MemorySyncBackend => {
  const confirmed: Confirmed[] = []
  const devices = new Map<string, SyncedDevice>()
  const offline = new Set<string>()
  const scheduled = new Set<string>()
  let refuse: RefuseEvent = () => undefined

  const exchangeSoon = (id: string): void => {
    if (scheduled.has(id)) return
    scheduled.add(id)
    schedule(id, () => {
      scheduled.delete(id)
      exchange(id)
    })
  }
  const exchange = (id: string): void => {
    const device = devices.get(id)
    if (!device || offline.has(id)) return
    const head = confirmed.length
    device.push(confirmed, refuse)
    device.pull(confirmed)
    if (confirmed.length > head) for (const other of devices.keys()) if (other !== id) exchangeSoon(other)
  }

  // Outlives the device: a device that crashes is as connected as before.
  const statuses = new Map<string, SettableSyncStatus>()
  const statusOf = (id: string): SettableSyncStatus => {
    const status = statuses.get(id) ?? makeSyncStatusSource(offline.has(id) ? NO_ANSWER : CONNECTED)
    statuses.set(id, status)
    return status
  }

  const device = (id: string): SyncedDevice => {
    const known = devices.get(id)
    if (known) return known
    const created = new SyncedDevice(id, statusOf(id), () => exchangeSoon(id))
    devices.set(id, created)
    exchangeSoon(id)
    return created
  }

  return {
    confirmed,
    device,
    disconnect(id) {
      offline.add(id)
      statusOf(id).set(NO_ANSWER)
    },
    connect(id) {
      offline.delete(id)
      statusOf(id).set(CONNECTED)
      exchangeSoon(id)
    },
    report: (id, status) => statusOf(id).set(status),
    refuse(decide) {
      refuse = decide
    },
    crash(id) {
      const { pulled } = device(id)
      const restarted = new SyncedDevice(id, statusOf(id), () => exchangeSoon(id))
      restarted.pull(confirmed.slice(0, pulled))
      devices.set(id, restarted)
      exchangeSoon(id)
    },
    erase(id) {
      devices.delete(id)
    },
  }
}

const NO_ANSWER = syncStatus('no_answer', 'The sync server does not respond. Changes sync when it is back.')

let sessions = 0

class SyncedDevice implements MemoryDevice {
  readonly session = String(++sessions)
  readonly replica = memoryReplica()
  readonly journal: JournalEntry[] = []
  readonly sync: SyncStatusSource
  pulled = 0
  readonly #id: string
  readonly #changed: () => void
  readonly #listeners = new Set<() => void>()
  readonly #refusalListeners = new Set<(refusal: Refusal) => void>()
  #pending: { readonly event: PoolEvent; readonly takeBack: () => void }[] = []

  constructor(id: string, sync: SyncStatusSource, changed: () => void) {
    this.#id = id
    this.sync = sync
    this.#changed = changed
  }

  append(events: readonly PoolEvent[]): void {
    if (events.length === 0) return
    for (const event of events) this.#pending.push({ event, takeBack: this.#apply(event) })
    this.#tell()
    this.#changed()
  }

  subscribe(listener: () => void): () => void {
    const once = () => listener()
    this.#listeners.add(once)
    return () => void this.#listeners.delete(once)
  }

  onRefused(listener: (refusal: Refusal) => void): () => void {
    const once = (refusal: Refusal) => listener(refusal)
    this.#refusalListeners.add(once)
    return () => void this.#refusalListeners.delete(once)
  }

  /** The backend takes pending events only from a device that knows all before them. */
  push(confirmed: Confirmed[], refuse: RefuseEvent): void {
    if (this.#pending.length === 0) return
    this.pull(confirmed)
    const refusals = this.#rollBack(refuse)
    confirmed.push(...this.#pending.map(({ event }) => ({ event, device: this.#id })))
    this.#pending = []
    this.pulled = confirmed.length
    this.#tell()
    for (const refusal of refusals) for (const listener of [...this.#refusalListeners]) listener(refusal)
  }

  /** Takes back what the backend refuses; what is behind it is applied again. */
  #rollBack(refuse: RefuseEvent): readonly Refusal[] {
    const judged = this.#pending.map(({ event }) => ({ event, refused: refuse(event) }))
    if (judged.every(({ refused }) => !refused)) return []
    for (const { takeBack } of this.#pending.toReversed()) takeBack()
    this.#pending = []
    const refusals: Refusal[] = []
    for (const { event, refused } of judged) {
      if (refused) {
        this.journal.push(entryOf(event))
        refusals.push({ opId: event.opId, ...refused })
      } else this.#pending.push({ event, takeBack: this.#apply(event) })
    }
    return refusals
  }

  /** Rebase: pending events are taken back, and applied again behind those that others got in first. */
  pull(confirmed: readonly Confirmed[]): void {
    const news = confirmed.slice(this.pulled)
    if (news.length === 0) return
    for (const { takeBack } of this.#pending.toReversed()) takeBack()
    for (const { event } of news) this.#apply(event)
    this.#pending = this.#pending.map(({ event }) => ({ event, takeBack: this.#apply(event) }))
    this.pulled = confirmed.length
    this.#tell()
  }

  #apply(event: PoolEvent): () => void {
    this.journal.push(entryOf(event))
    return this.replica.apply(event)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

const entryOf = ({ args, opId }: PoolEvent): JournalEntry => ({
  subject: 'id' in args ? args.id : args.remoteKey,
  opId,
})
