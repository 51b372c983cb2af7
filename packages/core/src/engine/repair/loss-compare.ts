/** Selects content to compare with, to distinguish a lost object from a wrong object store. Pure. */
import type { RemoteKey } from '@rockpool/protocol'
import type { FileRecord } from '../../records/record.ts'

const MAX_COMPARED = 5

/** A store with at most this much content has too little to compare with, and too little to flood the log with. */
const FEW = 3

/**
 * Up to five keys, spread over the content that was stored before the missing one: a deleted album is then distinguished
 * from an empty S3 bucket. Content stored later may be in an S3 bucket that the signer was pointed at since, and would hide
 * that all before is missing; it only fills up the number. None in a store of a few files.
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
  const others = [...createdAt]
    .filter(([other]) => isCandidate(other))
    .toSorted(([keyA, a], [keyB, b]) => a - b || (keyA < keyB ? -1 : 1))
  if (others.length <= FEW) return []
  const before = others.filter(([, at]) => at <= since)
  const after = others.filter(([, at]) => at > since)
  return [...spread(before, MAX_COMPARED), ...after].slice(0, MAX_COMPARED).map(([other]) => other)
}

/** `count` of the items at equal distances, the last one among them; all of them when there are fewer. */
const spread = <A>(items: readonly A[], count: number): readonly A[] =>
  items.length <= count
    ? items
    : Array.from({ length: count }, (_, i) => items[Math.ceil(((i + 1) * items.length) / count) - 1]!)
