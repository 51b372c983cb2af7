/** Whether anything still references content on this disk. */
import { addressOfKey, type ContentAddress, type RemoteKey } from '@rockpool/protocol'
import { Effect, Option } from 'effect'
import type { OutboxRow, TransferRow } from '../../ports/local-index.ts'
import { contentOfEvent } from '../../records/content-of-event.ts'
import { Device } from '../device.ts'
import { callPort, LogPort, Settings } from '../services.ts'
import { ownKey } from './owner.ts'

/** Held (shared) from the first byte on disk until the index names the content. */
export const KEEPING = 'keeping'

/**
 * Whether a file, removed or not, has or had the bytes, by this device's log. True while nobody is signed in and this
 * user's keys are unknown: bytes are deleted only when nothing can reference them.
 */
export const isNamedInLog = (address: ContentAddress, keys: readonly RemoteKey[] = []) =>
  Effect.gen(function* () {
    const device = yield* Device
    const log = yield* LogPort
    const own = yield* Effect.option(ownKeys(address))
    if (Option.isNone(own)) return true
    const names = [...keys, ...own.value, ...(device.contents.get(address)?.storedAs ?? [])]
    return names.some((name) => log.filesWithVersion(name).length > 0)
  })

/** The keys under which this user may have the content, one per bucket. */
export const ownKeys = (address: ContentAddress) =>
  Effect.flatMap(Settings, ({ buckets }) => Effect.forEach(Object.keys(buckets), (bucket) => ownKey(bucket, address)))

/** The subset that is known now: owner buckets have none while nobody is signed in. */
export const knownOwnKeys = (address: ContentAddress) =>
  Effect.gen(function* () {
    const { buckets } = yield* Settings
    const keys = yield* Effect.forEach(Object.keys(buckets), (bucket) => Effect.option(ownKey(bucket, address)))
    return keys.flatMap((key) => Option.toArray(key))
  })

/**
 * This user's other keys of the same bytes that files have or had, as far as the log can be read. When the bytes come to this disk,
 * an upload under one of these may be missing: they may have been lost before.
 */
export const otherNamedKeys = (key: RemoteKey) =>
  Effect.gen(function* () {
    const log = yield* LogPort
    const others = (yield* knownOwnKeys(addressOfKey(key))).filter((other) => other !== key)
    const named = callPort(async () => others.filter((other) => log.filesWithVersion(other).length > 0))
    return yield* Effect.orElseSucceed(named, () => [])
  })

/** Whether an outbox event or a transfer references these bytes. */
export const isNamed = (
  address: ContentAddress,
  outbox: readonly OutboxRow[],
  transfers: readonly TransferRow[],
): boolean => {
  const keys = [...outbox.map(({ event }) => contentOfEvent(event)), ...transfers.map(({ remoteKey }) => remoteKey)]
  return keys.some((key) => key !== undefined && addressOfKey(key) === address)
}
