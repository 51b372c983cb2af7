import { describe, expect, it } from 'vitest'
import { DEFECTS } from './defects.ts'
import { type Machines, REAL_MACHINES } from './machines.ts'
import type { Settings } from './settings.ts'
import { simulate } from './simulate.ts'

/** In parts, so that a failure shows early. `run.ts` runs any number of seeds, and shows the trace of one. */
const SEEDS_IN_PART = 50
const parts = Array.from({ length: 20 }, (_, index) => index * SEEDS_IN_PART)
/** The first of each part run twice. */
const REPLAYED = 10

/** Defects that the simulation found, and a seed that shows each. */
const FOUND: readonly { readonly defect: string; readonly seed: number; readonly machines: Machines }[] = [
  {
    defect: 'a tab that starts over keeps what the leader has',
    seed: 124,
    machines: DEFECTS['a tab that starts over keeps what the leader has']!(),
  },
  {
    defect: 'a tab waits for an event that the leader has dropped before it sent news of it',
    seed: 19_145,
    machines: { ...REAL_MACHINES, newsTimeout: Infinity },
  },
]

const counts = new Map<string, number>()

describe('devices, tabs and a server under faults', () => {
  it.each(parts)(
    `agree in the end, and break no rule on the way (${SEEDS_IN_PART} seeds from %i)`,
    { timeout: 120_000 },
    async (from) => {
      const failures: string[] = []
      for (let seed = from; seed < from + SEEDS_IN_PART; seed++) {
        const outcome = await simulate(seed)
        if (outcome.failure !== undefined) failures.push(`seed ${seed}: ${outcome.failure}`)
        for (const [what, times] of Object.entries(outcome.counts)) counts.set(what, (counts.get(what) ?? 0) + times)
        if (seed < from + REPLAYED) expect((await simulate(seed)).hash).toBe(outcome.hash)
      }
      expect(failures).toEqual([])
    },
  )

  it('meet everything that the machines are made for', () => {
    expect(counts.size).toBeGreaterThan(0)
    expect([...counts].filter(([, times]) => times === 0)).toEqual([])
  })

  it.each(FOUND)('have overcome: $defect (seed $seed)', async ({ seed, machines }) => {
    // They were found before there was an intruder, whose pushes change the order of all steps.
    const changeSettings = (settings: Settings) => ({ ...settings, intrusions: 0 })
    expect((await simulate(seed, { machines, changeSettings })).failure).toBeDefined()
    expect((await simulate(seed, { changeSettings })).failure).toBeUndefined()
  })

  it('take other steps with another seed', async () => {
    expect((await simulate(1)).hash).not.toBe((await simulate(2)).hash)
  })
})
