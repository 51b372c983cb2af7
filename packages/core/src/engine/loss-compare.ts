/** Which other content tells a lost object from an object store that is the wrong one. Pure. */
import type { RemoteKey } from '@rockpool/protocol'
import type { FileRecord } from '../records/record.ts'

const MAX_COMPARED = 3

/**
 * At most three contents: those stored before the missing one first, the nearest in time. What was stored after a signer was
 * pointed at another S3 bucket is found there, and would hide that everything before it is missing.
 *
 * @param since unix ms, when the file of `key` was added
 */
export const contentsToCompare = (
  key: RemoteKey,
  files: readonly Pick<FileRecord, 'remoteKey' | 'createdAt'>[],
  { since, isCandidate }: { readonly since: number; readonly isCandidate: (key: RemoteKey) => boolean },
): readonly RemoteKey[] => {
  const createdAt = new Map<RemoteKey, number>()
  for (const { remoteKey, createdAt: at } of files) {
    if (remoteKey !== key && at < (createdAt.get(remoteKey) ?? Infinity)) createdAt.set(remoteKey, at)
  }
  return [...createdAt]
    .filter(([other]) => isCandidate(other))
    .toSorted(
      ([keyA, a], [keyB, b]) =>
        Number(a > since) - Number(b > since) || Math.abs(a - since) - Math.abs(b - since) || (keyA < keyB ? -1 : 1),
    )
    .slice(0, MAX_COMPARED)
    .map(([other]) => other)
}
