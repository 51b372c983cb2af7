/** Shrinks the scene of a failing seed: fewer devices, commits and faults. */
import { shrinkSettings, type ShrinkRules } from '@rockpool/core/simulation'
import type { Machines } from './machines.ts'
import type { Settings } from './settings.ts'
import { simulate } from './simulate.ts'

const RULES: ShrinkRules<keyof Settings> = {
  smallest: { devices: 1, maxTabs: 1, commits: 1 },
  kept: new Set([
    'duration',
    'pageLimit',
    'maxBetween',
    'tabPushLimit',
    'backendPushLimit',
    'threadDelay',
    'networkDelay',
  ]),
}

export const shrink = (seed: number, settings: Settings, makeMachines: () => Machines): Promise<Settings> =>
  shrinkSettings(settings, RULES, async (candidate) => {
    const { failure } = await simulate(seed, { machines: makeMachines(), changeSettings: () => candidate })
    return failure !== undefined
  })
