/** How the content of a legacy file that some live file has, or had, gets into the pool. Pure. */

export interface LegacyFacts {
  /** a live file has the content now, under the legacy key */
  readonly isCurrent: boolean
  /** at most one part long: its hash is our address, too */
  readonly isOnePart: boolean
  /** by the log object storage has it under the legacy key */
  readonly isStored: boolean
}

export type ImportStep =
  /** store it under its own hash */
  | 'store'
  /** give its files a key of ours */
  | 'replace'
  /** another device gave its files a key of ours: store what they have now, if that is the same */
  | 'match'

export const planImport = ({ isCurrent, isOnePart, isStored }: LegacyFacts): readonly ImportStep[] => {
  if (!isOnePart) return [isCurrent ? 'replace' : 'match']
  // No device uploads to a legacy key: what no old client uploaded needs a key of ours.
  return isCurrent && !isStored ? ['store', 'replace'] : ['store']
}
