/**
 * Runs simulations of the engine from the command line:
 *
 *     npm run simulate -- --seeds 1000 [--from 0]     npm run simulate -- --minutes 10
 *     npm run simulate -- --seed 17 [--trace] [--shrink]
 *
 * A run ends after 20 failing seeds, or after those of `--failures`. `--shrink` makes the scene of a failing seed smaller first;
 * `--without lostIndexes,lostObjects` sets these settings to 0.
 * `--servers <module>` runs with the servers that the module exports as `servers`.
 */
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { makeRandom } from './random.ts'
import { makeSettings, type Settings } from './settings.ts'
import { shrink } from './shrink.ts'
import { type Outcome, simulate } from './simulate.ts'
import type { WorldOptions } from './world.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    failures: { type: 'string', default: '20' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    servers: { type: 'string' },
  },
})

const changeSettings = (settings: Settings): Settings => ({
  ...settings,
  ...Object.fromEntries(
    values.without
      .split(',')
      .filter((name) => Object.hasOwn(settings, name))
      .map((name) => [name, 0]),
  ),
})

const servers: Pick<WorldOptions, 'servers'> =
  values.servers === undefined ? {} : await import(pathToFileURL(values.servers).href)

const show = ({ seed, failure, steps, restedAfter, events, trace }: Outcome): string =>
  `seed ${seed}: ${failure ?? `at rest ${Math.round(restedAfter / 1_000)} s after the faults`} (${steps} steps, ${events} events, trace ${trace.toString(16)})`

const runOne = async (seed: number): Promise<void> => {
  const settings = values.shrink
    ? await shrink(seed, changeSettings(makeSettings(makeRandom(seed))), servers)
    : undefined
  if (settings) console.log(JSON.stringify(settings))
  const outcome = await simulate(seed, {
    ...servers,
    changeSettings: (drawn) => settings ?? changeSettings(drawn),
    ...(values.trace && { log: (line: string) => console.log(line) }),
  })
  console.log(show(outcome))
  if (values.trace) for (const [what, times] of outcome.counts) console.log(`${String(times).padStart(6)} ${what}`)
  process.exitCode = outcome.failure === undefined ? 0 : 1
}

const runMany = async (from: number, count: number, minutes: number): Promise<void> => {
  const counts = new Map<string, number>()
  const start = performance.now()
  const minutesSince = () => (performance.now() - start) / 60_000
  let [done, steps, failures, longest] = [0, 0, 0, 0]
  for (let seed = from; seed < from + count && failures < Number(values.failures) && minutesSince() < minutes; seed++) {
    const outcome = await simulate(seed, { ...servers, changeSettings })
    done++
    steps += outcome.steps
    longest = Math.max(longest, outcome.restedAfter)
    for (const [what, times] of outcome.counts) counts.set(what, (counts.get(what) ?? 0) + times)
    if (outcome.failure !== undefined) {
      failures++
      console.log(show(outcome))
    }
  }
  const took = minutesSince()
  console.log(
    `${done} seeds in ${(took * 60).toFixed(0)} s (${Math.round(done / took)} a minute), ${failures} failed, ${steps} steps, at rest at most ${Math.round(longest / 1_000)} s after the faults`,
  )
  for (const [what, times] of [...counts].toSorted(([, a], [, b]) => b - a))
    console.log(`${String(times).padStart(9)} ${what}`)
  process.exitCode = failures === 0 ? 0 : 1
}

if (values.seed !== undefined) await runOne(Number(values.seed))
else if (values.minutes !== undefined)
  await runMany(Number(values.from), Number.MAX_SAFE_INTEGER, Number(values.minutes))
else await runMany(Number(values.from), Number(values.seeds), Number.MAX_SAFE_INTEGER)
// The engines of tabs that died still wait, and Effect keeps Node alive for them.
process.exit()
