/**
 * Metadata is sent as JSON text. LiveStore compares a pending event with its copy from the backend by a `deepEqual` that
 * calls `valueOf` and `toString` and compares `constructor`, wherever an object has such keys: one of them in the user's
 * metadata, and sync stops, or the event is sent again forever.
 */

import { isJsonDeeperThan } from './nesting.ts'

/**
 * Levels of metadata that a device reads: more than any writer may send (`MAX_META_LEVELS`), few enough for code that
 * recurses, in any browser.
 */
export const MAX_READABLE_META_LEVELS = 100

/** UTF-16 code units of metadata that a device reads: an event of more than 64 KiB passes no sync server. */
const MAX_READABLE_META_LENGTH = 64 * 1024

/** The args as the log holds them. */
export const packMeta = (args: unknown): unknown =>
  isObject(args) && isObject(args.meta) ? { ...args, meta: JSON.stringify(args.meta) } : args

/**
 * The args as `decodeEvent` takes them. Never throws. Metadata that is no JSON, too long or too deep stays text, so that LiveStore never
 * walks it; `decodeEvent` refuses it.
 */
export const unpackMeta = (args: unknown): unknown => {
  if (!isObject(args) || typeof args.meta !== 'string') return args
  if (args.meta.length > MAX_READABLE_META_LENGTH) return args
  if (isJsonDeeperThan(args.meta, MAX_READABLE_META_LEVELS)) return args
  try {
    return { ...args, meta: JSON.parse(args.meta) }
  } catch {
    return args
  }
}

const isObject = (value: unknown): value is { readonly meta?: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
