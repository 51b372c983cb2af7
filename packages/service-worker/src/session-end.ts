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
}

/** Who is signed in to a store, and the controller of what they read. */
interface Reading {
  user: string | undefined
  end: AbortController
}

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

  return {
    async current({ index }) {
      const reading = readings.get(index) ?? watch(index)
      const row = await rowOf(index)
      setUser(reading, row?.user)
      if (!row) throw signedOut()
      return { row, ended: reading.end.signal }
    },
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
