/** A store that can be cut off, as S3 is by the network: calls fail before or after they were done. */
import { ObjectStoreError } from '../errors.ts'
import type { ObjectStore } from '../object-store.ts'

export interface Outage {
  readonly store: ObjectStore
  /** every call fails, before it does anything */
  down: boolean
  /** for each call: `before` or `after` it was done it fails, else it works */
  fate: () => 'before' | 'after' | 'works'
}

export const withOutages = (store: ObjectStore): Outage => {
  const cut = () => new ObjectStoreError('unavailable', 'S3 is cut off.')
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, name) {
        const member: unknown = Reflect.get(of, name)
        if (name === 'multipart') return wrap(member as object)
        if (typeof member !== 'function' || name === 'close') return member
        return async (...args: unknown[]) => {
          const fate = outage.down ? 'before' : outage.fate()
          if (fate === 'before') {
            if (name === 'checkHealth')
              return { ok: false, mode: 's3', integrity: 'payload', latencyMs: 0, error: 'cut off' }
            throw cut()
          }
          const result: unknown = await member.apply(of, args)
          if (fate === 'after' && name !== 'checkHealth') {
            if (name === 'get') await (result as { body: ReadableStream }).body.cancel()
            throw cut()
          }
          return result
        }
      },
    })
  const outage: Outage = { store: wrap(store), down: false, fate: () => 'works' }
  return outage
}
