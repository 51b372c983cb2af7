/**
 * Metadata travels as JSON text. LiveStore compares a pending event with its copy from the backend by a `deepEqual` that
 * calls `valueOf` and `toString` and compares `constructor`, wherever an object has such keys: one of them in the user's
 * metadata, and sync stops, or the event is sent again for ever.
 */

/** The args as the log holds them. */
export const packMeta = (args: unknown): unknown =>
  isObject(args) && isObject(args.meta) ? { ...args, meta: JSON.stringify(args.meta) } : args

/** The args as `decodeEvent` takes them. Never throws. */
export const unpackMeta = (args: unknown): unknown => {
  if (!isObject(args) || typeof args.meta !== 'string') return args
  try {
    return { ...args, meta: JSON.parse(args.meta) }
  } catch {
    return args // not one of ours: `decodeEvent` will refuse it
  }
}

const isObject = (value: unknown): value is { readonly meta?: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
