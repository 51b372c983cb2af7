/** The notice that a server sends to the others on the same database after an append. */
import { isStoreId, type StoreId } from '@rockpool/protocol'

/** The channel of LISTEN and NOTIFY; a database has its own. */
export const CHANNEL = 'rockpool_appends'

export interface Notice {
  readonly storeId: StoreId
  /** the number before the first event that was appended */
  readonly since: number
  /** the server that appended them */
  readonly origin: string
}

/** Far below the 8,000 bytes that a notice may have: a store id has at most 128 characters. */
export const toNotice = ({ storeId, since, origin }: Notice): string => `${storeId} ${since} ${origin}`

/** undefined for a text that is no notice: anyone with access to the database can send one. */
export const parseNotice = (text: string): Notice | undefined => {
  const [, storeId, since, origin] = /^(\S+) (\d{1,15}) (\S+)$/.exec(text) ?? []
  if (storeId === undefined || origin === undefined || !isStoreId(storeId)) return undefined
  return { storeId, since: Number(since), origin }
}

/** The notice of a server to itself. @param id of its listener */
export const toPing = (id: string): string => `ping ${id}`
