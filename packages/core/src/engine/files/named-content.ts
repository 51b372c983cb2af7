/** Whether anything still references content on this disk. */
import { addressOfKey, type ContentAddress, type RemoteKey } from '@rockpool/protocol'
import { Effect, Option } from 'effect'
import type { OutboxRow, TransferRow } from '../../ports/local-index.ts'
import { contentOfEvent } from '../../records/content-of-event.ts'
import type { ChangeCursor, RecordLog } from '../../ports/record-log.ts'
import { Device } from '../device.ts'
import { isRemoteKey } from '../log/consume-changes.ts'
import { callPort, LogPort, Settings } from '../services.ts'
import { ownKey } from './owner.ts'

/** Changes of the log read at once. */
const STEP = 500

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

/** Addresses of all content that this device's log names: of files, removed or not, of their versions, and under any key. */
export const namedInLog = Effect.gen(function* () {
  const log = yield* LogPort
  return yield* callPort(async () => {
    const named = new Set<ContentAddress>()
    let cursor: ChangeCursor | undefined
    while (true) {
      const changes = log.changes(cursor, STEP)
      for (const subject of changes.subjects) {
        for (const key of keysNamedBy(log, subject)) named.add(addressOfKey(key))
      }
      if (!changes.more) return named
      cursor = changes.cursor
    }
  })
})

/** The keys that a subject of the log's changes names: a remote key itself, or those of a file and its versions. */
export const keysNamedBy = (log: RecordLog, subject: string): readonly RemoteKey[] => {
  if (isRemoteKey(subject)) return [subject]
  const file = log.file(subject)
  return file ? [...new Set([file.remoteKey, ...log.versions(subject).map(({ remoteKey }) => remoteKey)])] : []
}

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
