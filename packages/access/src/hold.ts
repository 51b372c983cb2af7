/** Files of buckets that hold: a file cannot be read until it is released. */
import { RockpoolError } from '@rockpool/protocol'

export type HoldState = 'held' | 'released' | 'refused'

/** @throws RockpoolError `held`, `forbidden` */
export const requireReleased = (state: HoldState): void => {
  if (state === 'held') throw new RockpoolError('held', 'This file has not been checked yet. Try again later.')
  if (state === 'refused') {
    throw new RockpoolError('forbidden', 'This file was refused when it was checked. Delete it, or ask its owner.')
  }
}
