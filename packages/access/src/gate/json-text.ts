/** JSON text of args, without the changes that `JSON.stringify` makes to what `JSON.parse` accepts. */

/** Levels of nesting. `JSON.stringify` and the devices recurse: deeper values overflow their stack. */
export const MAX_DEPTH = 500

export type JsonText = { readonly text: string } | { readonly problem: string }

/** @param value from `JSON.parse` */
export const toJsonText = (value: unknown): JsonText => {
  let hasNegativeZero = false
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return { problem: `are nested deeper than ${MAX_DEPTH} levels` }
    const next: unknown[] = []
    for (const item of level) {
      // `JSON.parse('1e999')` is Infinity, which `JSON.stringify` makes null.
      if (typeof item === 'number' && !Number.isFinite(item)) return { problem: 'hold a number out of range' }
      if (Object.is(item, -0)) hasNegativeZero = true
      if (typeof item === 'object' && item !== null) for (const field of Object.values(item)) next.push(field)
    }
    level = next
  }
  return { text: hasNegativeZero ? stringify(value) : JSON.stringify(value) }
}

/** `JSON.stringify`, but -0 stays `-0`. */
const stringify = (value: unknown): string => {
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}:${stringify(field)}`)
  return `{${fields.join(',')}}`
}
