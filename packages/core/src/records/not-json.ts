/**
 * Finds values that JSON cannot represent. `JSON.stringify` omits or converts them (a Date becomes a text, a
 * function nothing, NaN null), so that a device would read back another value than the app gave.
 */

export type NotJson =
  /** `path` names the place, such as `meta.taken[0].at`; `what` the value, such as `a Date` */
  | { readonly problem: 'not_json'; readonly path: string; readonly what: string }
  /** objects and lists stand deeper inside each other than allowed, or contain themselves */
  | { readonly problem: 'too_deep' }
  /** more values than allowed */
  | { readonly problem: 'too_many' }

interface Place {
  readonly value: unknown
  readonly path: string
  /** 1 for the outermost object or list */
  readonly level: number
}

/**
 * The first part of `value` that is not JSON; undefined when all of it is. Without recursion and bounded by `limits`: a value
 * may contain itself, or the same object a thousand times.
 *
 * @param name what paths start with
 */
export const findNotJson = (
  value: unknown,
  name: string,
  limits: { readonly levels: number; readonly values: number },
): NotJson | undefined => {
  const places: Place[] = [{ value, path: name, level: 1 }]
  for (let read = 0; places.length > 0; read++) {
    if (read > limits.values) return { problem: 'too_many' }
    const { value: current, path, level } = places.pop()!
    if (current === null || typeof current === 'string' || typeof current === 'boolean') continue
    if (Number.isFinite(current)) continue
    if (typeof current !== 'object' || !isPlain(current)) return { problem: 'not_json', path, what: wordFor(current) }
    if (level > limits.levels) return { problem: 'too_deep' }
    // Before reading it: a sparse list may be very long.
    if (Array.isArray(current) && current.length > limits.values) return { problem: 'too_many' }
    const inside = Array.isArray(current)
      ? Array.from(current, (item: unknown, i) => ({ value: item, path: `${path}[${i}]`, level: level + 1 }))
      : Object.entries(current).map(([key, item]) => ({ value: item, path: path + step(key), level: level + 1 }))
    // The last one is read next.
    for (const place of inside.toReversed()) places.push(place)
  }
  return undefined
}

/** A list, or an object without a class. By its shape: one of another window has other constructors. */
const isPlain = (value: object): boolean => {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

const step = (key: string): string =>
  /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(key) ? `.${key.slice(0, 40)}` : `[${JSON.stringify(key.slice(0, 40))}]`

const wordFor = (value: unknown): string => {
  if (typeof value === 'number') return String(value) // NaN, Infinity
  if (value === undefined) return 'undefined'
  if (typeof value !== 'object') return `a ${typeof value}`
  const name: unknown = (value as object).constructor?.name
  return typeof name === 'string' && name !== '' ? `a ${name}` : 'an object with a class'
}
