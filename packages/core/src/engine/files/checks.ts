/** Validation of a new file before anything is written. Pure; each check returns the error, or undefined. */
import { type Buckets, type Right, RockpoolError, type StoreId, type TokenClaims } from '@rockpool/protocol'
import type { FileMeta } from '../../records/events.ts'
import { checkContent, checkMeta, checkName, type ContentFields } from '../../records/limits.ts'
import { checkPath } from '../../records/path.ts'

export interface NewFile extends ContentFields {
  readonly name: string
  readonly path: string | undefined
  readonly meta: FileMeta
}

export const checkFile = (file: NewFile, buckets: Buckets): RockpoolError | undefined =>
  checkName(file.name) ??
  (file.path === undefined ? undefined : checkPath(file.path)) ??
  checkMeta(file.meta) ??
  checkContent(file, buckets)

/** Refused here, before the log has it: the person hears of it now, not when the sync server refuses the event. */
export const checkRight = (
  claims: TokenClaims | undefined,
  storeId: StoreId,
  right: Right,
): RockpoolError | undefined =>
  claims === undefined || claims.stores[storeId]?.includes(right)
    ? undefined
    : new RockpoolError(
        'forbidden',
        `Your token does not give the right to ${right} in the store "${storeId}". Ask its owner for it.`,
      )
