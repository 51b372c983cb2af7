/**
 * Multipart uploads. Each part is and stays a file of its own: completing an upload only assigns the parts their place
 * in the object, in one transaction. Joining them would write every byte twice.
 */
import { createHash, randomBytes } from 'node:crypto'
import { equalBytes, toHex } from '@rockpool/protocol'
import * as check from '../check-arguments.ts'
import { ObjectStoreError } from '../errors.ts'
import { orDiscard } from '../exact-body.ts'
import { sanitizeKey } from '../object-key.ts'
import type { CallOptions, MultipartUploads, UploadedPart } from '../object-store.ts'
import type { ContentFiles } from './content-files.ts'
import type { LocalDatabase, PartRow, UploadRow } from './database.ts'
import type { CommitOptions, LocalContents } from './local-contents.ts'

/** Incomplete uploads are deleted after 7 days, as by the S3 bucket's lifecycle rule. */
const UPLOAD_LIFE_MS = 7 * 24 * 3600 * 1000

export interface LocalParts {
  readonly database: LocalDatabase
  readonly files: ContentFiles
  readonly contents: LocalContents
  readonly run: <A>(signal: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<A> | A) => Promise<A>
  readonly signPart: MultipartUploads['signPart']
}

export interface LocalMultipart extends MultipartUploads {
  complete(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
    options?: CallOptions & CommitOptions,
  ): ReturnType<MultipartUploads['complete']>
}

export const localMultipart = ({ database, files, contents, run, signPart }: LocalParts): LocalMultipart => {
  const find = (rawKey: string, uploadId: string): UploadRow => {
    const key = sanitizeKey(rawKey)
    const upload = database.upload(uploadId)
    if (upload?.key !== key) {
      throw new ObjectStoreError('upload_not_found', 'There is no such upload of this key. Start a new one.')
    }
    return upload
  }

  return {
    start: (rawKey, { type, signal }) =>
      run(signal, () => {
        const key = sanitizeKey(rawKey)
        check.checkType(type)
        const id = randomBytes(16).toString('hex')
        database.putUpload({ id, key, type, startedAt: Date.now() })
        return id
      }),

    signPart,

    putPart: (key, uploadId, number, body, { size, sha256, signal }) =>
      orDiscard(
        body,
        run(signal, async (either) => {
          const upload = find(key, uploadId)
          check.checkSize(size)
          check.checkDigest(sha256)
          check.checkPartNumber(number)
          const identity = {
            key: upload.key,
            type: upload.type,
            writtenAt: Date.now(),
            part: { uploadId, number },
          }
          const { file, length } = await files.write(body, { size, sha256, identity, signal: either })
          let former: PartRow | undefined
          await contents.commit([file], () => {
            find(key, uploadId)
            former = database.part(uploadId, number)
            if (former) database.putRemovals([former.file])
            database.putPart({ content: uploadId, number, start: 0, size, sha256, file, length })
            return []
          })
          if (former) await contents.remove([former.file])
          return toPart({ number, size, sha256 })
        }),
      ),

    listUploads: (key, call = {}) => run(call.signal, () => database.uploadsOf(sanitizeKey(key)).map(({ id }) => id)),

    listParts: (key, uploadId, call = {}) => run(call.signal, () => database.parts(find(key, uploadId).id).map(toPart)),

    complete: (rawKey, uploadId, parts, call = {}) =>
      run(call.signal, async () => {
        if (parts.length === 0) throw new ObjectStoreError('bad_request', 'An upload needs at least one part.')
        let address = ''
        await contents.commit([], () => {
          const { key, type } = find(rawKey, uploadId)
          const present = database.parts(uploadId)
          checkParts(present, parts)
          call.requireAllowed?.()
          const unshared = database.deleteObject(key)
          database.deleteParts(uploadId)
          let size = 0
          const digest = createHash('sha256')
          for (const part of present) {
            database.putPart({ ...part, start: size })
            digest.update(part.sha256)
            size += part.size
          }
          // S3's composite checksum; the digest of a single part stands for itself.
          address = present.length === 1 ? toHex(present[0]!.sha256) : `${digest.digest('hex')}-${present.length}`
          database.putObject({ key, content: uploadId, size, type, address, modifiedAt: Date.now() })
          database.deleteUpload(uploadId)
          return unshared === undefined ? [] : [unshared]
        })
        return { etag: `"${address}"`, durable: true }
      }),

    abort: (key, uploadId, call = {}) =>
      run(call.signal, async () => {
        if (database.upload(uploadId)?.key === sanitizeKey(key)) await drop(database, contents, uploadId)
      }),
  }
}

/** Deletes uploads that were not completed in time. */
export const sweepUploads = async (database: LocalDatabase, contents: LocalContents, now: number): Promise<void> => {
  for (const { id } of database.uploadsBefore(now - UPLOAD_LIFE_MS)) await drop(database, contents, id)
}

/** Does nothing if the upload was completed since: its parts are an object now. */
const drop = (database: LocalDatabase, contents: LocalContents, uploadId: string): Promise<void> =>
  contents.commit([], () => (database.deleteUpload(uploadId) ? [uploadId] : []))

/** @throws ObjectStoreError `conflict` unless both are the same parts in the same order */
const checkParts = (present: readonly PartRow[], given: readonly UploadedPart[]): void => {
  for (let i = 0; i < Math.max(present.length, given.length); i++) {
    const [row, part] = [present[i], given[i]]
    const same =
      row?.number === part?.number &&
      row &&
      part &&
      toPart(row).etag === part.etag &&
      (!part.sha256 || equalBytes(row.sha256, part.sha256))
    if (!same) throw new ObjectStoreError('conflict', 'The parts are not there as given. List the parts again.')
  }
}

const toPart = ({ number, size, sha256 }: Pick<PartRow, 'number' | 'size' | 'sha256'>): UploadedPart => ({
  number,
  size,
  etag: `"${toHex(sha256)}"`,
  sha256,
})
