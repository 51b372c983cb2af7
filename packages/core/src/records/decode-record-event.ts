/** All events that say something about files, ours and those of livestore-filesync, by name. */
import type { RecordEvent } from './record-state.ts'
import { decodeEvent, EVENT_NAMES } from './decode-event.ts'
import { decodeLegacyEvent, isLegacyEventName, LEGACY_EVENT_NAMES } from './legacy-event.ts'
import { unpackMeta } from './packed-meta.ts'

export type RecordEventName = RecordEvent['name']

export const RECORD_EVENT_NAMES: readonly RecordEventName[] = [...EVENT_NAMES, ...LEGACY_EVENT_NAMES]

/**
 * The event, or undefined when its args are invalid. Never throws.
 *
 * @param args as the log holds them
 */
export const decodeRecordEvent = (name: RecordEventName, args: unknown): RecordEvent | undefined =>
  isLegacyEventName(name) ? decodeLegacyEvent(name, args) : decodeEvent(name, unpackMeta(args))
