/** Resolves a reference to the content that it means. */
import { Effect } from 'effect'
import type { ContentReference } from '../../pool.ts'
import type { RecordLog } from '../../ports/record-log.ts'
import type { FileRecord, FileVersion } from '../../records/record.ts'
import { LogPort } from '../services.ts'
import { liveFile } from './edit.ts'

const isVersion = (reference: FileRecord | FileVersion): reference is FileVersion => 'fileId' in reference

/** The file's current record with the content of the version; undefined when the log lacks the file. */
const withVersion = (log: RecordLog, { id, fileId, remoteKey, size, type }: FileVersion): FileRecord | undefined => {
  const file = log.file(fileId)
  return file && { ...file, version: id, remoteKey, size, type }
}

/** The record with the content that the reference means; undefined when there is none. An id is of a file or of a version. */
export const findContent = (log: RecordLog, reference: ContentReference): FileRecord | undefined => {
  if (typeof reference !== 'string') return isVersion(reference) ? withVersion(log, reference) : reference
  const version = log.file(reference) ? undefined : log.version(reference)
  return version ? withVersion(log, version) : log.file(reference)
}

/**
 * As {@link findContent}. A record or a version is used as given; an id must be of a file that is not removed.
 *
 * @throws RockpoolError `not_found`
 */
export const contentOf = (reference: ContentReference) =>
  Effect.gen(function* () {
    const log = yield* LogPort
    const content = findContent(log, reference)
    if (content && typeof reference !== 'string') return content
    const id = content?.id ?? (typeof reference === 'string' ? reference : reference.id)
    yield* liveFile(id)
    return content!
  })
