import { buildRemoteKey, type ContentAddress, formatReceipt, type RemoteKey, type StoreId } from '@rockpool/protocol'
import type { PoolEvent } from '../records/events.ts'

/** Makes events of one store. Each has an opId of its own and a time later than the one before. */
export const eventMaker = (storeId: StoreId, prefix: string) => {
  let made = 0
  const next = () => ({ opId: `${prefix}-${++made}`, at: 1_700_000_000_000 + made })
  /** Another content for each number. */
  const key = (content: number, bucket = 'files'): RemoteKey => {
    const address = content.toString(16).padStart(64, '0') as ContentAddress
    return buildRemoteKey({ storeId, bucket, address })
  }
  type Args<Name extends PoolEvent['name']> = Extract<PoolEvent, { readonly name: Name }>['args']
  return {
    key,
    added: (id: string, patch: Partial<Args<'v2.FileAdded'>> = {}): PoolEvent => {
      const { opId, at } = next()
      const args = { id, name: `${id}.jpg`, type: 'image/jpeg', size: 3, remoteKey: key(1), meta: {}, at, ...patch }
      return { name: 'v2.FileAdded', opId, args }
    },
    replaced: (id: string, patch: Partial<Args<'v2.FileContentReplaced'>> = {}): PoolEvent => {
      const { opId, at } = next()
      const args = { id, remoteKey: key(2), size: 4, type: 'image/png', basedOn: key(1), at, ...patch }
      return { name: 'v2.FileContentReplaced', opId, args }
    },
    renamed: (id: string, name: string): PoolEvent => {
      const { opId, at } = next()
      return { name: 'v2.FileRenamed', opId, args: { id, name, at } }
    },
    metaSet: (id: string, meta: Args<'v2.FileMetaSet'>['meta']): PoolEvent => {
      const { opId, at } = next()
      return { name: 'v2.FileMetaSet', opId, args: { id, meta, at } }
    },
    deleted: (id: string): PoolEvent => {
      const { opId, at } = next()
      return { name: 'v2.FileDeleted', opId, args: { id, at } }
    },
    restored: (id: string): PoolEvent => {
      const { opId, at } = next()
      return { name: 'v2.FileRestored', opId, args: { id, at } }
    },
    stored: (
      remoteKey: RemoteKey,
      etag?: string,
      more: Pick<Args<'v2.ContentStored'>, 'receipt' | 'versionId'> = {},
    ): PoolEvent => {
      const args = { remoteKey, ...(etag === undefined ? {} : { etag }), ...more }
      return { name: 'v2.ContentStored', opId: next().opId, args }
    },
    lost: (remoteKey: RemoteKey): PoolEvent => ({ name: 'v2.ContentLost', opId: next().opId, args: { remoteKey } }),
  }
}

/** A receipt that looks like one of a signer who saw 3 bytes at `at` (unix ms). No sync server takes it. */
export const sampleReceipt = (at: number, size = 3): string => formatReceipt({ size, at }, `${'r'.repeat(42)}A`)

/** Numbers from 0 to `below` - 1 that look random and are the same for the same seed (mulberry32). */
export const sampleNumbers = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** Ids of files and numbers of contents that {@link sampleEvents} speaks of: few, so that events meet. */
export const SAMPLE_IDS = ['f1', 'f2', 'f3', 'f4']
export const SAMPLE_CONTENTS = [1, 2, 3]

/** Events in no sensible order: edits of files that are not there, second adds, edits of deleted ones. */
export const sampleEvents = (storeId: StoreId, seed: number, count: number): readonly PoolEvent[] => {
  const make = eventMaker(storeId, `sample-${seed}`)
  const number = sampleNumbers(seed)
  return Array.from({ length: count }, () => {
    const id = SAMPLE_IDS[number(SAMPLE_IDS.length)]!
    const content = () => make.key(SAMPLE_CONTENTS[number(SAMPLE_CONTENTS.length)]!)
    switch (number(8)) {
      case 0:
        return make.added(id, { remoteKey: content(), meta: { n: number(9) } })
      case 1:
      case 2:
        return make.replaced(id, { remoteKey: content(), basedOn: content() })
      case 3:
        return make.renamed(id, `name-${number(9)}`)
      case 4:
        return make.metaSet(id, { tags: [number(9), null, { deep: true }] })
      case 5:
        return make.deleted(id)
      case 6:
        return make.restored(id)
      default:
        if (number(3) === 0) return make.lost(content())
        // Without a receipt: a sync server refuses made-up ones.
        return make.stored(content(), `"${number(9)}"`)
    }
  })
}
