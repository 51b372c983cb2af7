import { describe, expect, it } from 'vitest'
import { DEFECTS } from './defects.ts'
import { simulate } from './simulate.ts'

const SEEDS = 200

describe('a planted defect is found', () => {
  it.each(Object.keys(DEFECTS))(`within ${SEEDS} seeds: %s`, { timeout: 120_000 }, async (name) => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { failure } = await simulate(seed, { machines: DEFECTS[name]!() })
      expect(failure ?? '').not.toMatch(/TypeError|ReferenceError/)
      if (failure !== undefined) return
    }
    expect.unreachable(`${SEEDS} seeds did not find it.`)
  })
})
