/** Shrinks the scene of a failing seed: smaller settings, as long as it still fails. */

export interface ShrinkRules<Key extends PropertyKey> {
  /** smallest useful values; 0 when not given */
  readonly smallest: Partial<Record<Key, number>>
  /** settings that are no size of a scene: left unchanged */
  readonly kept: ReadonlySet<Key>
}

/** @param fails whether the seed fails with these settings, too */
export const shrinkSettings = async <Settings extends { readonly [Key in keyof Settings]: number }>(
  settings: Settings,
  { smallest, kept }: ShrinkRules<keyof Settings>,
  fails: (candidate: Settings) => Promise<boolean>,
): Promise<Settings> => {
  let current = settings
  let hasShrunk = true
  while (hasShrunk) {
    hasShrunk = false
    for (const key of Object.keys(settings) as (keyof Settings)[]) {
      if (kept.has(key)) continue
      for (const value of smallerValues(current[key], smallest[key] ?? 0)) {
        const candidate = Object.assign({}, current, { [key]: value })
        if (!(await fails(candidate))) continue
        current = candidate
        hasShrunk = true
        break
      }
    }
  }
  return current
}

/** The smallest one first: it may be enough. */
const smallerValues = (value: number, smallest: number): number[] => {
  const half = Number.isInteger(value) ? Math.floor((value + smallest) / 2) : value / 2
  const isWorth = Number.isInteger(value) || value > 0.01
  return [smallest, ...(isWorth ? [half] : []), ...(Number.isInteger(value) ? [value - 1] : [])].filter(
    (candidate) => candidate < value && candidate >= smallest,
  )
}
