/** `POST /storage/v1/object/release/{bucket}/{path}` */
import { addressOfKey, RockpoolError } from '@rockpool/protocol'
import type { ReadModel, StoredFile } from '@rockpool/sync-server'
import { type Caller, requireBucket, requireUser } from './caller.ts'
import { requireFile, withContent } from './file-at.ts'
import { readJson } from './read-json.ts'
import type { ObjectPlace } from './route.ts'
import type { RestServices } from './services.ts'

/**
 * Releases the content of a file, or refuses it: `{ "release": false }`.
 *
 * @throws RockpoolError `unauthenticated`, `forbidden`, `not_found`, `bad_request` for a bucket that does not hold, or another body,
 *   `conflict` when the file never had the content that the body names
 * @returns the file as it is or was with the content
 */
export const releaseObject = async (
  { storeBuckets, logs, decideHold }: RestServices,
  caller: Caller,
  place: ObjectPlace,
  request: Request,
): Promise<StoredFile> => {
  requireUser(caller, 'admin')
  const buckets = await storeBuckets.bucketsOf(caller.storeId, place.bucket)
  if (!requireBucket(buckets, place.bucket).hold) {
    throw new RockpoolError('bad_request', `The bucket "${place.bucket}" holds no files. Configure its rule "hold".`)
  }
  const { release = true, content_address: checked } = await readJson(request, isDecision, '{ "release": true }')
  const { readModel } = await logs.open(caller.storeId)
  const file = requireFile(await findHeld(readModel, place), place)
  const decided = await withContent(readModel, file, (key) => checked === undefined || addressOfKey(key) === checked)
  if (!decided) {
    throw new RockpoolError(
      'conflict',
      'This file never had the content that was checked. Check what it has, then decide.',
    )
  }
  await decideHold(place.bucket, decided.remoteKey, release ? 'released' : 'refused')
  return decided
}

/** At its id, or the first one at the path, whoever owns it. */
const findHeld = async (readModel: ReadModel, { bucket, path }: ObjectPlace): Promise<StoredFile | undefined> => {
  const byId = await readModel.file(path)
  if (byId?.bucket === bucket && byId.deletedAt === null) return byId
  const { files } = await readModel.files({ bucket, path, limit: 1, sort: { by: 'seqNum', direction: 'ascending' } })
  return files[0]
}

interface Decision {
  readonly release?: boolean
  /** of the content that was checked, which users may have replaced since; the file's own unless given */
  readonly content_address?: string
}

const isDecision = (body: Readonly<Record<string, unknown>>): body is Decision & Readonly<Record<string, unknown>> =>
  Object.entries(body).every(
    ([name, value]) =>
      (name === 'release' && typeof value === 'boolean') || (name === 'content_address' && typeof value === 'string'),
  )
