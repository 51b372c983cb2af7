/** An object store whose calls are spans of the request that makes them. */
import { isObjectStoreError, type MultipartUploads, type ObjectStore } from '@rockpool/object-store'
import { currentRequest } from './request-scope.ts'

/** The calls that reach disk or network. Signing a URL does not. */
const CALLS: ReadonlySet<PropertyKey> = new Set<keyof ObjectStore | keyof MultipartUploads>([
  ...(['put', 'get', 'head', 'exists', 'delete', 'list', 'copy'] as const),
  ...(['start', 'putPart', 'listUploads', 'listParts', 'complete', 'abort'] as const),
])

/** Calls outside of a traced request cost nothing more, and leave no span. */
export const tracedStore = <Store extends ObjectStore>(store: Store): Store => {
  const multipart = traced(store.multipart, `${store.mode} multipart`)
  const calls = traced(store, store.mode)
  return new Proxy(calls, {
    get: (target, name) => (name === 'multipart' ? multipart : Reflect.get(target, name)),
  })
}

type Call = (...args: unknown[]) => Promise<unknown>

const traced = <Target extends object>(target: Target, prefix: string): Target =>
  new Proxy(target, {
    get: (_, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      const call = member as Call
      if (!CALLS.has(name)) return call.bind(target)
      return async (...args: unknown[]) => {
        const span = currentRequest()?.span?.child(`${prefix} ${String(name)}`)
        try {
          const result = await call.apply(target, args)
          span?.end({})
          return result
        } catch (error) {
          span?.end({ error: isObjectStoreError(error) ? error.code : 'unexpected' })
          throw error
        }
      }
    },
  })
