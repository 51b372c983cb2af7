/**
 * What stores and users have of files, as sums beside the files: a quota is checked at each append, and counting all files takes
 * time in proportion to them. Whatever changes files changes the sums in the same transaction.
 */
import { MAX_CONTENT_SIZE, type StoreId } from '@rockpool/protocol'
import type { TransactionSql } from 'postgres'
import { type FilesInUse, type FileUse, NO_USE } from '../../../gate/file-quota.ts'
import { type Query, statement } from '../../../read-model/query.ts'
import { type ChangedRows, COLUMNS } from '../../../read-model/working-set.ts'
import { arrayLiteral } from '../array-literal.ts'

const STORE_ACCOUNT = 'store'
const accountOf = (sub: string): string => `user:${sub}`

const FILE = COLUMNS.files.indexOf('seqNum')
const FILE_OF_VERSION = COLUMNS.versions.indexOf('file')

/** The files whose use changes with the rows, by the numbers of their rows. */
export const changedFiles = ({ files, versions }: ChangedRows): readonly number[] => [
  ...new Set([...files.map((row) => row[FILE] as number), ...versions.map((row) => row[FILE_OF_VERSION] as number)]),
]

/** Adds what the files use now; `sign` -1 takes it away. */
export const addFileUse = async (
  transaction: TransactionSql,
  storeId: StoreId,
  files: readonly number[],
  sign: 1 | -1,
): Promise<void> => {
  if (files.length === 0) return
  // The current version of a file that was replaced has a row in `versions`, too.
  await transaction`
    WITH changed AS (
      SELECT owner_id, least(size, ${MAX_CONTENT_SIZE}::bigint) + coalesce((
        SELECT sum(least(version.size, ${MAX_CONTENT_SIZE}::bigint)) FROM rockpool.versions version
        WHERE version.store_id = file.store_id AND version.file = file.seq_num AND version.id <> file.version
      ), 0) AS bytes
      FROM rockpool.files file
      WHERE store_id = ${storeId} AND seq_num = ANY (${arrayLiteral(files)}::bigint[]) AND deleted_at IS NULL
    )
    INSERT INTO rockpool.file_use (store_id, account, files, bytes)
    SELECT ${storeId}, account, ${sign}::integer * count(*), ${sign}::integer * sum(bytes)
    FROM changed CROSS JOIN LATERAL (VALUES (${STORE_ACCOUNT}), (${accountOf('')} || owner_id)) AS each (account)
    WHERE account IS NOT NULL GROUP BY account
    ON CONFLICT (store_id, account)
    DO UPDATE SET files = file_use.files + excluded.files, bytes = file_use.bytes + excluded.bytes`
}

/** The sums, as the read model counts. @param sub all users unless set */
export function* readFileUse(sub: string | undefined): Query<FileUse> {
  const account = sub === undefined ? STORE_ACCOUNT : accountOf(sub)
  const [row] = yield statement('SELECT files, bytes FROM file_use WHERE account = ?', account)
  return row ? { files: row.files as number, bytes: row.bytes as number } : NO_USE
}

/** Of the store and of each of these users. The tables hold all events. */
export const loadFileUse = async (
  transaction: TransactionSql,
  storeId: StoreId,
  subs: readonly string[],
): Promise<FileAccounts> => {
  const accounts = [STORE_ACCOUNT, ...new Set(subs.map(accountOf))]
  const rows = await transaction<({ readonly account: string } & FileUse)[]>`
    SELECT account, files, bytes FROM rockpool.file_use
    WHERE store_id = ${storeId} AND account = ANY (${arrayLiteral(accounts)}::text[])`
  const uses = new Map(rows.map(({ account, files, bytes }) => [account, { files, bytes }]))
  const useOf = (account: string) => uses.get(account) ?? NO_USE
  const add = (account: string, { files, bytes }: FileUse) => {
    const before = useOf(account)
    uses.set(account, { files: before.files + files, bytes: before.bytes + bytes })
  }
  return {
    inUse: (sub) => ({ store: useOf(STORE_ACCOUNT), user: sub === undefined ? NO_USE : useOf(accountOf(sub)) }),
    add: (sub, more) => {
      add(STORE_ACCOUNT, more)
      if (sub !== undefined) add(accountOf(sub), more)
    },
  }
}

/** The use of files during one transaction. */
export interface FileAccounts {
  inUse(sub: string | undefined): FilesInUse
  add(sub: string | undefined, more: FileUse): void
}
