/** Shrinks the scene of a failing seed: fewer devices, actions and faults. */
import type { Settings } from './settings.ts'
import { shrinkSettings, type ShrinkRules } from './shrink-settings.ts'
import { simulate } from './simulate.ts'
import type { WorldOptions } from './world.ts'

const RULES: ShrinkRules<keyof Settings> = {
  smallest: { devices: 1, maxTabs: 1, actions: 1, contents: 1 },
  kept: new Set(['duration', 'diskDelay', 'networkDelay']),
}

export const shrink = (
  seed: number,
  settings: Settings,
  servers: Pick<WorldOptions, 'servers'> = {},
): Promise<Settings> =>
  shrinkSettings(settings, RULES, async (candidate) => {
    const { failure } = await simulate(seed, { ...servers, changeSettings: () => candidate })
    return failure !== undefined
  })
