/** Which file is at a path. */
import { type BucketRules, parseRemoteKey, type RemoteKey, RockpoolError } from '@rockpool/protocol'
import type { ReadModel, StoredFile } from '@rockpool/sync-server'
import type { User } from './caller.ts'
import type { ObjectPlace } from './route.ts'

/**
 * The live file at a path, as the caller sees it: in owner buckets each user has their own paths. Devices that are offline may
 * add several files with one path. The first one in the log counts, so that a path keeps its meaning. A file without a path is
 * at its id.
 */
export const findFile = async (
  readModel: ReadModel,
  { access }: BucketRules,
  { bucket, path }: ObjectPlace,
  user: User | undefined,
): Promise<StoredFile | undefined> => {
  const isOwners = access === 'owner'
  const { files } = await readModel.files({
    bucket,
    path,
    limit: 1,
    sort: { by: 'seqNum', direction: 'ascending' },
    ...(isOwners && { ownerId: user?.claims.sub ?? null }),
  })
  const file = files[0] ?? (await fileById(readModel, path, bucket))
  // The remote key decides who may read the bytes, not the user who added the file.
  const isReadable = file && (!isOwners || parseRemoteKey(file.remoteKey)?.owner === user?.owner)
  return isReadable ? file : undefined
}

const fileById = async (readModel: ReadModel, id: string, bucket: string): Promise<StoredFile | undefined> => {
  const file = await readModel.file(id)
  return file && file.bucket === bucket && file.path === undefined && file.deletedAt === null ? file : undefined
}

/** The file as it is or was with a content; undefined: it never had one that matches. */
export const withContent = async (
  readModel: Pick<ReadModel, 'versions'>,
  file: StoredFile,
  matches: (remoteKey: RemoteKey) => boolean,
): Promise<StoredFile | undefined> => {
  if (matches(file.remoteKey)) return file
  const version = (await readModel.versions(file.id)).findLast(({ remoteKey }) => matches(remoteKey))
  return version && { ...file, remoteKey: version.remoteKey, size: version.size, type: version.type }
}

/** @throws RockpoolError `not_found` */
export const requireFile = (file: StoredFile | undefined, { bucket, path }: ObjectPlace): StoredFile => {
  if (file) return file
  throw new RockpoolError('not_found', `There is no file "${path.slice(0, 100)}" in the bucket "${bucket}".`)
}
