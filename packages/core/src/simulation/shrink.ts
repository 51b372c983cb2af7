/** Makes the scene of a failing seed smaller: fewer devices, actions and faults, as long as the seed still fails. */
import type { Settings } from './settings.ts'
import { simulate } from './simulate.ts'
import type { WorldOptions } from './world.ts'

/** The smallest value that makes sense. */
const SMALLEST: Partial<Record<keyof Settings, number>> = { devices: 1, maxTabs: 1, actions: 1, contents: 1 }
/** No sizes of a scene. */
const KEPT: ReadonlySet<keyof Settings> = new Set(['duration', 'diskDelay', 'networkDelay'])

export const shrink = async (
  seed: number,
  settings: Settings,
  servers: Pick<WorldOptions, 'servers'> = {},
): Promise<Settings> => {
  const fails = async (candidate: Settings) =>
    (await simulate(seed, { ...servers, changeSettings: () => candidate })).failure !== undefined

  let smallest = settings
  let hasShrunk = true
  while (hasShrunk) {
    hasShrunk = false
    for (const key of Object.keys(settings) as (keyof Settings)[]) {
      if (KEPT.has(key)) continue
      for (const value of smallerValues(smallest[key], SMALLEST[key] ?? 0)) {
        const candidate = Object.assign({}, smallest, { [key]: value })
        if (!(await fails(candidate))) continue
        smallest = candidate
        hasShrunk = true
        break
      }
    }
  }
  return smallest
}

/** The smallest one first: it may be enough. */
const smallerValues = (value: number, smallest: number): number[] => {
  const half = Number.isInteger(value) ? Math.floor((value + smallest) / 2) : value / 2
  const isWorth = Number.isInteger(value) || value > 0.01
  return [smallest, ...(isWorth ? [half] : []), ...(Number.isInteger(value) ? [value - 1] : [])].filter(
    (candidate) => candidate < value && candidate >= smallest,
  )
}
