/** Adding a file, and giving one new content. */
import { readMediaType, RockpoolError, withoutCharset } from '@rockpool/protocol'
import { Effect } from 'effect'
import type { AddOptions, FileSource, ReplaceOptions } from '../../pool.ts'
import { recordAfter } from '../../records/apply.ts'
import type { PoolEvent } from '../../records/events.ts'
import type { FileRecord } from '../../records/record.ts'
import { checkContent } from '../../records/limits.ts'
import { checkFile } from './checks.ts'
import { liveFile, requireRight, whyNotLive } from './edit.ts'
import { userSegment } from './owner.ts'
import { storeContent, type StoredContent } from './store-content.ts'
import { emit } from '../pool-emitter.ts'
import { quoteName } from './quote-name.ts'
import { callPort, Platform, Settings } from '../services.ts'
import { DEFAULT_NAME, DEFAULT_TYPE, readableSource } from './source.ts'
import { unlessAborted } from '../unless-aborted.ts'

export const add = (source: FileSource, options: AddOptions) =>
  Effect.gen(function* () {
    const { content, makeEvent } = yield* unlessAborted(options.signal)(newFile(source, options))
    const { file } = yield* storeContent(content, makeEvent)
    const added = file!
    yield* emit('added', added)
    return added
  })

const newFile = (source: FileSource, options: AddOptions) =>
  Effect.gen(function* () {
    yield* requireRight('write')
    const { newId } = yield* Platform
    const { buckets } = yield* Settings
    const { body, ...own } = yield* callPort(async () => readableSource(source))
    const name = (options.name ?? own.name ?? DEFAULT_NAME).normalize('NFC')
    const type = declaredType(options) ?? own.type ?? DEFAULT_TYPE
    const bucket = options.bucket ?? 'files'
    const path = options.path?.normalize('NFC')
    const meta = options.meta ?? {}
    const wrong = checkFile({ name, type, bucket, path, meta, size: own.size }, buckets)
    if (wrong) return yield* Effect.fail(wrong)

    const owner = yield* userSegment

    const makeEvent = ({ content, remoteKey, type, at }: StoredContent): PoolEvent => ({
      name: 'v2.FileAdded',
      opId: newId(),
      args: {
        id: newId(),
        name,
        type,
        size: content.size,
        remoteKey,
        meta: JSON.parse(JSON.stringify(meta)),
        at,
        ...(owner !== undefined && { owner }),
        ...(path !== undefined && { path }),
      },
    })
    return { content: { body, bucket, type, onProgress: options.onProgress, signal: options.signal }, makeEvent }
  })

/** The former content stays as a version. The new content is on disk before the record changes (peer failure 6). */
export const replace = (id: string, source: FileSource, options: ReplaceOptions) =>
  Effect.gen(function* () {
    const { before, content, makeEvent } = yield* unlessAborted(options.signal)(newContent(id, source, options))
    // Checked again: the file may have changed during the write, and ifMatch must hold at the moment of the change.
    const precondition = (now: FileRecord | undefined) => whyNotLive(id, now) ?? whyNoMatch(now!, options.ifMatch)
    const { event, file } = yield* storeContent(content, makeEvent, precondition)
    const replaced = file ?? recordAfter(event, before)!
    yield* emit('replaced', replaced)
    return replaced
  })

const newContent = (id: string, source: FileSource, options: ReplaceOptions) =>
  Effect.gen(function* () {
    yield* requireRight('write')
    const { newId } = yield* Platform
    const { buckets } = yield* Settings
    const before = yield* liveFile(id)
    const changed = whyNoMatch(before, options.ifMatch)
    if (changed) return yield* Effect.fail(changed)
    const { body, ...own } = yield* callPort(async () => readableSource(source))
    const type = declaredType(options) ?? own.type ?? withoutCharset(before.type)
    const wrong = checkContent({ type, bucket: before.bucket, size: own.size }, buckets)
    if (wrong) return yield* Effect.fail(wrong)
    const makeEvent = ({ content, remoteKey, type, at }: StoredContent): PoolEvent => ({
      name: 'v2.FileContentReplaced',
      opId: newId(),
      args: { id, remoteKey, size: content.size, type, basedOn: before.remoteKey, at },
    })
    return {
      before,
      content: { body, bucket: before.bucket, type, onProgress: options.onProgress, signal: options.signal },
      makeEvent,
    }
  })

/** The option `type` as far as it can be read, else as it is: the check then says what is wrong. */
const declaredType = ({ type }: Pick<AddOptions, 'type'>): string | undefined =>
  type === undefined ? undefined : (readMediaType(type) ?? type)

const whyNoMatch = (file: FileRecord, version: string | undefined): RockpoolError | undefined =>
  version === undefined || file.version === version
    ? undefined
    : new RockpoolError(
        'precondition_failed',
        `${quoteName(file)} has changed since you read it. Read it again, then decide.`,
      )
