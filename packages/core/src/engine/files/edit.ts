/** Changing a file's record: name, metadata, tombstone, version. */
import { type Right, RockpoolError } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import type { FileMeta, PoolEvent } from '../../records/events.ts'
import { recordAfter } from '../../records/apply.ts'
import type { FileRecord } from '../../records/record.ts'
import { checkMeta, checkName } from '../../records/limits.ts'
import { checkRight } from './checks.ts'
import { emit } from '../pool-emitter.ts'
import { commit } from '../log/group-commit.ts'
import { requireOwnKey } from './owner.ts'
import { quoteName } from './quote-name.ts'
import { LogPort, Platform, Settings } from '../services.ts'

export const rename = (id: string, newName: string) =>
  Effect.gen(function* () {
    yield* requireRight('write')
    const name = newName.normalize('NFC')
    const wrong = checkName(name)
    if (wrong) return yield* Effect.fail(wrong)
    return yield* record(yield* liveFile(id), 'v2.FileRenamed', { id, name })
  })

export const setMeta = (id: string, meta: FileMeta) =>
  Effect.gen(function* () {
    yield* requireRight('write')
    const wrong = checkMeta(meta)
    if (wrong) return yield* Effect.fail(wrong)
    return yield* record(yield* liveFile(id), 'v2.FileMetaSet', { id, meta: JSON.parse(JSON.stringify(meta)) })
  })

/** Writes a tombstone. Removing a removed file does nothing. */
export const remove = (id: string) =>
  Effect.gen(function* () {
    yield* requireRight('delete')
    const file = yield* knownFile(id)
    if (file.deletedAt !== null) return
    yield* record(file, 'v2.FileDeleted', { id })
    yield* emit('removed', file)
  })

export const restore = (id: string) =>
  Effect.gen(function* () {
    yield* requireRight('write')
    const file = yield* knownFile(id)
    return file.deletedAt === null ? file : yield* record(file, 'v2.FileRestored', { id })
  })

/** Makes a former version the current content: a replacement without new bytes. */
export const revert = (id: string, versionId: string) =>
  Effect.gen(function* () {
    yield* requireRight('write')
    const log = yield* LogPort
    const file = yield* liveFile(id)
    const version = log.versions(id).find((candidate) => candidate.id === versionId)
    if (!version)
      return yield* Effect.fail(new RockpoolError('not_found', `${quoteName(file)} has no version "${versionId}".`))
    const { remoteKey, size, type } = version
    yield* requireOwnKey(remoteKey)
    const args = { id, remoteKey, size, type, basedOn: file.remoteKey }
    const reverted = yield* record(file, 'v2.FileContentReplaced', args)
    yield* emit('replaced', reverted)
    return reverted
  })

type ArgsOf<Name extends PoolEvent['name']> = Omit<Extract<PoolEvent, { name: Name }>['args'], 'at'>

/** Commits an event with the current time. @returns the file after the event */
const record = <Name extends Exclude<PoolEvent['name'], `v2.Content${string}`>>(
  before: FileRecord,
  name: Name,
  args: ArgsOf<Name>,
) =>
  Effect.gen(function* () {
    const { newId } = yield* Platform
    const at = yield* Clock.currentTimeMillis
    const event = { name, opId: newId(), args: { ...args, at } } as unknown as PoolEvent
    return (yield* commit(event)) ?? recordAfter(event, before) ?? before
  })

/** Fails with `forbidden` unless the token grants the right. */
export const requireRight = (right: Right): Effect.Effect<void, RockpoolError, Settings> =>
  Effect.flatMap(Settings, ({ claims, storeId }) => {
    const wrong = checkRight(claims(), storeId, right)
    return wrong ? Effect.fail(wrong) : Effect.void
  })

/** A file that is not removed. */
export const liveFile = (id: string): Effect.Effect<FileRecord, RockpoolError, LogPort> =>
  Effect.flatMap(LogPort, (log) => {
    const file = log.file(id)
    const error = whyNotLive(id, file)
    return error ? Effect.fail(error) : Effect.succeed(file!)
  })

export const whyNotLive = (id: string, file: FileRecord | undefined): RockpoolError | undefined => {
  if (!file) return unknownFile(id)
  return file.deletedAt === null
    ? undefined
    : new RockpoolError('not_found', `${quoteName(file)} was removed. Restore it first.`)
}

const knownFile = (id: string): Effect.Effect<FileRecord, RockpoolError, LogPort> =>
  Effect.flatMap(LogPort, (log) => {
    const file = log.file(id)
    return file ? Effect.succeed(file) : Effect.fail(unknownFile(id))
  })

const unknownFile = (id: string): RockpoolError =>
  new RockpoolError('not_found', `There is no file with the id "${id}" in this store.`)
