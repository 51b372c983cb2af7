/** Files are readable while their user is signed in: as long as the index has the session row of this user. */
import type { LocalIndex, SessionRow } from '@rockpool/core'
import { RockpoolError } from '@rockpool/protocol'
import type { Store } from './stores.ts'

export interface Sessions {
  /** @throws RockpoolError `forbidden` when nobody is signed in */
  current(store: Pick<Store, 'index'>): Promise<Session>
}

export interface Session {
  readonly row: SessionRow
  /** aborts when this user signs out, or another one signs in */
  readonly ended: AbortSignal
  /**
   * To be called with each chunk of a body before it is passed on: notices that the row is gone also where no event reports it.
   *
   * @throws RockpoolError `forbidden` when nobody is signed in
   */
  gate(): (chunk: Uint8Array) => Promise<void>
}

/** Who is signed in to a store, and the controller of what they read. */
interface Reading {
  user: string | undefined
  end: AbortController
}

/**
 * Bytes of a body after which the session row is read again: a browser that clears the site's data notifies no worker. Browsers buffer
 * about as much of a body.
 */
export const GATE_BYTES = 1024 * 1024

export const storeSessions = (): Sessions => {
  const readings = new WeakMap<LocalIndex, Reading>()

  const watch = (index: LocalIndex): Reading => {
    const reading = { user: undefined, end: new AbortController() }
    readings.set(index, reading)
    index.subscribe(async (changed) => {
      if (!changed.some(({ table }) => table === 'session')) return
      // An index that was erased has no user either.
      setUser(reading, (await rowOf(index).catch(() => undefined))?.user)
    })
    return reading
  }

  const current = async (index: LocalIndex): Promise<Session> => {
    const reading = readings.get(index) ?? watch(index)
    const row = await rowOf(index)
    setUser(reading, row?.user)
    if (!row) throw signedOut()
    return { row, ended: reading.end.signal, gate: () => gate(() => current(index)) }
  }

  return { current: ({ index }) => current(index) }
}

const gate = (check: () => Promise<unknown>): ReturnType<Session['gate']> => {
  let passed = 0
  return async ({ length }) => {
    passed += length
    if (passed < GATE_BYTES) return
    await check()
    passed = 0
  }
}

const rowOf = (index: LocalIndex): Promise<SessionRow | undefined> => index.get('session', 'session')

const setUser = (reading: Reading, user: string | undefined): void => {
  if (reading.user === user) return
  reading.end.abort(signedOut())
  Object.assign(reading, { user, end: new AbortController() } satisfies Reading)
}

const signedOut = (): RockpoolError =>
  new RockpoolError('forbidden', 'You are signed out of this store on this device. Open the app and sign in.')
