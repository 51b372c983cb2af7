/**
 * Runs simulations from the command line:
 *
 *     node --conditions=@rockpool/source packages/livestore-plugin/src/simulation/run.ts --seeds 50000 [--from 0]
 *     node --conditions=@rockpool/source packages/livestore-plugin/src/simulation/run.ts --seed 17 --trace
 *
 * `--shrink` makes the scene of a failing seed smaller first; `--defect "<name>"` plants a defect of `defects.ts`.
 */
import { parseArgs } from 'node:util'
import { DEFECTS } from './defects.ts'
import { REAL_MACHINES } from './machines.ts'
import { shrink } from './shrink.ts'
import { type Outcome, settingsOf, simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    defect: { type: 'string' },
  },
})

/** Failing seeds after which a run ends. */
const MAX_FAILURES = 5

const makeMachines = () => {
  if (values.defect === undefined) return REAL_MACHINES
  const make = DEFECTS[values.defect]
  if (make === undefined) throw new Error(`Defects are:\n  ${Object.keys(DEFECTS).join('\n  ')}`)
  return make()
}

const show = ({ seed, failure, steps, agreedAfter, events, hash }: Outcome): string =>
  `seed ${seed}: ${failure ?? `agree ${Math.round(agreedAfter)} ms after the faults`} (${steps} steps, ${events} events, trace ${hash.toString(16)})`

const runOne = async (seed: number) => {
  let settings = settingsOf(seed)
  if (values.shrink) {
    settings = await shrink(seed, settings, makeMachines)
    console.log(JSON.stringify(settings))
  }
  const outcome = await simulate(seed, {
    machines: makeMachines(),
    changeSettings: () => settings,
    ...(values.trace && { log: (line: string) => console.log(line) }),
  })
  console.log(show(outcome))
  process.exitCode = outcome.failure === undefined ? 0 : 1
}

const runMany = async (from: number, count: number) => {
  const counts = new Map<string, number>()
  const startedAt = performance.now()
  let [steps, longest, failures] = [0, 0, 0]
  for (let seed = from; seed < from + count && failures < MAX_FAILURES; seed++) {
    const outcome = await simulate(seed, { machines: makeMachines() })
    steps += outcome.steps
    for (const [what, times] of Object.entries(outcome.counts)) counts.set(what, (counts.get(what) ?? 0) + times)
    longest = Math.max(longest, outcome.agreedAfter)
    if (outcome.failure !== undefined) {
      failures++
      console.log(show(outcome))
    }
    const done = seed - from + 1
    if (done % 1_000 === 0 || done === count) {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
      console.log(
        `${done} seeds in ${seconds} s, ${failures} failed, ${steps} steps, agreed at most ${Math.round(longest)} ms after the faults`,
      )
    }
  }
  for (const [what, times] of counts) console.log(`${String(times).padStart(9)} times ${what}`)
  process.exitCode = failures === 0 ? 0 : 1
}

if (values.seed === undefined) await runMany(Number(values.from), Number(values.seeds))
else await runOne(Number(values.seed))
