import { type Settings, simulate } from '@rockpool/core/simulation'
import { expect, test } from 'vitest'
import { servers } from './world.ts'

/** `npm run simulate -- --servers` runs any number. */
const SEEDS = 40
/** Each seed that this divides runs twice. */
const REPLAYED = 10

/** Every second world lasts for hours, so that the collector works while people add again what they removed. */
const stretched = (seed: number, settings: Settings): Settings =>
  seed % 2 === 0
    ? { ...settings, duration: settings.duration * 20, actions: settings.actions * 4, contents: 12 }
    : settings

const run = (seed: number) => simulate(seed, { servers, changeSettings: (settings) => stretched(seed, settings) })
const counts = new Map<string, number>()

test.each(Array.from({ length: SEEDS / REPLAYED }, (_, part) => part * REPLAYED))(
  `devices on real servers come to rest with nothing lost (${REPLAYED} seeds from %i)`,
  { timeout: 300_000 },
  async (from) => {
    const failures: string[] = []
    for (let seed = from; seed < from + REPLAYED; seed++) {
      const outcome = await run(seed)
      if (outcome.failure !== undefined) failures.push(`seed ${seed}: ${outcome.failure}`)
      for (const [what, times] of outcome.counts) counts.set(what, (counts.get(what) ?? 0) + times)
      if (seed % REPLAYED === 0) expect((await run(seed)).trace).toBe(outcome.trace)
    }
    expect(failures).toEqual([])
  },
)

test.each([
  'lost request',
  'lost response',
  'server unavailable',
  'stalled request',
  'object store unavailable',
  'content collected',
  'GET of a file URL: 200',
  'GET of a range of a file URL: 206',
  'a range of a file URL that is not verified',
  'HEAD of a file URL: 200',
])('the worlds meet: %s', (what) => {
  expect(counts.get(what) ?? 0).toBeGreaterThan(0)
})
