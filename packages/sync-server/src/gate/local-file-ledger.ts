/**
 * The ledger of the only server of its event logs. Counting takes time in proportion to the files, so what is accepted is added to
 * the last count, and counted again once a minute, and before anything is refused.
 */
import type { StoreId } from '@rockpool/protocol'
import type { Clock } from '../clock.ts'
import type { FileLedger, FileLedgerOptions } from './file-ledger.ts'
import { exceededBy, type FilesInUse, type FileUse, isNoUse, minus, NO_USE, plus } from './file-quota.ts'

/** A count is this old at most: it lacks restored files, and what users did to the files of others. */
const MAX_AGE_MS = 60_000
/** A store that is full is not counted at each attempt, unless files were deleted. */
const MIN_AGE_MS = 1_000
/** Users whose counts are kept, of all stores. */
const MAX_COUNTS = 10_000

interface Count {
  used: FileUse
  /** unix ms; -Infinity: never */
  at: number
  isStale: boolean
  /** reserved by appends that run: they may not be in the log yet */
  pending: FileUse
  /** reserved by appends that ran at any time since the recount under way began */
  duringRecount: FileUse
  counting: Promise<void> | undefined
}

export const localFileLedger = ({
  quota,
  readModelOf,
  clock,
}: FileLedgerOptions & { readonly clock: Clock }): FileLedger => {
  const stores = new Map<StoreId, { readonly whole: Count; readonly users: Map<string, Count> }>()
  const newCount = (): Count => ({
    ...{ used: NO_USE, at: Number.NEGATIVE_INFINITY, isStale: false },
    ...{ pending: NO_USE, duringRecount: NO_USE, counting: undefined },
  })
  let counts = 0

  const countsOf = (storeId: StoreId, sub: string) => {
    if (counts >= MAX_COUNTS) {
      stores.clear()
      counts = 0
    }
    const known = stores.get(storeId)
    const ofStore = known ?? { whole: newCount(), users: new Map<string, Count>() }
    if (!known) stores.set(storeId, ofStore)
    const user = ofStore.users.get(sub) ?? newCount()
    if (!ofStore.users.has(sub)) {
      ofStore.users.set(sub, user)
      counts++
    }
    return { store: ofStore.whole, user }
  }
  type Counts = ReturnType<typeof countsOf>
  const usedOf = ({ store, user }: Counts): FilesInUse => ({
    store: store.used,
    user: user.used,
  })

  const recount = (count: Count, storeId: StoreId, sub: string | undefined): Promise<void> => {
    const run = async () => {
      count.duringRecount = count.pending
      try {
        const readModel = await readModelOf(storeId)
        const counted = await readModel.keptUsage(sub)
        Object.assign(count, { used: plus(counted, count.duringRecount), at: clock.now(), isStale: false })
      } finally {
        count.counting = undefined
      }
    }
    return (count.counting ??= run())
  }

  const isLimited = Object.keys(quota).length > 0
  /**
   * Counts again where that could make `more` fit.
   *
   * @returns what was counted: `countsOf` may have none of it later, when others have cleared the counts
   */
  const refresh = async (storeId: StoreId, sub: string, more: FileUse): Promise<Counts> => {
    const both = countsOf(storeId, sub)
    if (!isLimited || isNoUse(more)) return both
    const isFull = exceededBy(quota, usedOf(both), more) !== undefined
    const isDue = ({ at, isStale }: Count) => {
      const age = clock.now() - at
      return age >= MAX_AGE_MS || (isFull && (isStale || age >= MIN_AGE_MS))
    }
    await Promise.all([
      ...(isDue(both.store) ? [recount(both.store, storeId, undefined)] : []),
      ...(isDue(both.user) ? [recount(both.user, storeId, sub)] : []),
    ])
    return both
  }

  const check: FileLedger['check'] = async (storeId, sub, more) =>
    exceededBy(quota, usedOf(await refresh(storeId, sub, more)), more)

  /** Files of the store were deleted. */
  const free = (storeId: StoreId) => {
    const ofStore = stores.get(storeId)
    for (const count of ofStore ? [ofStore.whole, ...ofStore.users.values()] : []) count.isStale = true
  }

  return {
    quota,
    check,
    begin: async (storeId, sub, most) => {
      const both = await refresh(storeId, sub, most)
      let reserved = NO_USE
      return {
        reserve: (more) => {
          const limit = exceededBy(quota, usedOf(both), more)
          if (limit) return limit
          reserved = plus(reserved, more)
          for (const count of [both.store, both.user]) {
            count.used = plus(count.used, more)
            count.pending = plus(count.pending, more)
            count.duringRecount = plus(count.duringRecount, more)
          }
          return undefined
        },
        free: () => free(storeId),
        end: () => {
          for (const count of [both.store, both.user]) count.pending = minus(count.pending, reserved)
          reserved = NO_USE
        },
      }
    },
    checkUpload: async ({ storeId, sub, remoteKey, size }) => {
      const limit = await check(storeId, sub, { files: 0, bytes: size })
      // What the log names was accepted, and counts already.
      return limit && !(await (await readModelOf(storeId)).isNamed(remoteKey)) ? limit : undefined
    },
    count: async (storeId, sub) => {
      const readModel = await readModelOf(storeId)
      return { store: await readModel.keptUsage(), user: await readModel.keptUsage(sub) }
    },
  }
}
