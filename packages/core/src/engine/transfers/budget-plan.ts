/** Allocation of connections to the object store. Pure. */

/** `file`: a whole small file. `part`: a part of a large one, or the download of one. */
export type ConnectionKind = 'file' | 'part'

export interface ConnectionNeed {
  readonly kind: ConnectionKind
  /** bytes in memory while the connection is used */
  readonly bytes: number
}

export interface BudgetLimits {
  /** Connections at the same time. Browsers open 6 to one host over HTTP/1.1: more requests would wait there. */
  readonly connections: number
  /** bytes in flight at the same time */
  readonly bytes: number
}

export interface BudgetState {
  /** connections in use, by kind */
  readonly open: Readonly<Record<ConnectionKind, number>>
  /** downloads of readers, which never wait */
  readonly readers: number
  /** bytes in flight */
  readonly bytes: number
  /** oldest first */
  readonly waiting: readonly (ConnectionNeed & { readonly id: number })[]
}

export const IDLE: BudgetState = { open: { file: 0, part: 0 }, readers: 0, bytes: 0, waiting: [] }

/** Guaranteed beside any number of readers: one for a small file and one for a part. */
const MIN_CONNECTIONS = 2

/**
 * Grants connections from the front of the queue while there is room. Parts leave one connection to small files, and
 * neither kind waits for the other. Within a kind the order is first come, first served.
 *
 * @returns ids that get a connection now
 */
export const grant = (
  state: BudgetState,
  limits: BudgetLimits,
): { readonly state: BudgetState; readonly granted: readonly number[] } => {
  const connections = Math.max(MIN_CONNECTIONS, limits.connections - state.readers)
  const open = { ...state.open }
  let { bytes } = state
  const isBlocked = { file: false, part: false }
  const granted: number[] = []
  const waiting = state.waiting.filter((need) => {
    const isFree = open.file + open.part < connections && (need.kind === 'file' || open.part < connections - 1)
    // A need above the byte limit is granted alone.
    const fits = bytes === 0 || bytes + need.bytes <= limits.bytes
    if (isBlocked[need.kind] || !isFree || !fits) {
      isBlocked[need.kind] = true
      return true
    }
    open[need.kind]++
    bytes += need.bytes
    granted.push(need.id)
    return false
  })
  return { state: { ...state, open, bytes, waiting }, granted }
}

/** A connection of this kind is no longer used. */
export const released = (state: BudgetState, { kind, bytes }: ConnectionNeed): BudgetState => ({
  ...state,
  open: { ...state.open, [kind]: state.open[kind] - 1 },
  bytes: state.bytes - bytes,
})
