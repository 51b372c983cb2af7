/**
 * Runs simulations from the command line:
 *
 *     node --conditions=@rockpool/source packages/livestore-plugin/src/simulation/run.ts --seeds 50000 [--from 0]
 *     node --conditions=@rockpool/source packages/livestore-plugin/src/simulation/run.ts --seed 17 --trace
 */
import { parseArgs } from 'node:util'
import { type Outcome, simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    failures: { type: 'string', default: '5' },
  },
})

const show = ({ seed, failure, steps, agreedAfter, events, hash }: Outcome): string =>
  `seed ${seed}: ${failure ?? `agree ${Math.round(agreedAfter)} ms after the faults`} (${steps} steps, ${events} events, trace ${hash.toString(16)})`

if (values.seed !== undefined) {
  const outcome = await simulate(Number(values.seed), values.trace ? { log: (line) => console.log(line) } : {})
  console.log(show(outcome))
  process.exitCode = outcome.failure === undefined ? 0 : 1
} else {
  const [from, count] = [Number(values.from), Number(values.seeds)]
  const failures: Outcome[] = []
  const startedAt = performance.now()
  let [steps, longest] = [0, 0]
  const counts = new Map<string, number>()
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await simulate(seed)
    steps += outcome.steps
    for (const [what, times] of Object.entries(outcome.counts)) counts.set(what, (counts.get(what) ?? 0) + times)
    longest = Math.max(longest, outcome.agreedAfter)
    if (outcome.failure !== undefined) {
      failures.push(outcome)
      console.log(show(outcome))
      if (failures.length >= Number(values.failures)) break
    }
    const done = seed - from + 1
    if (done % 1_000 === 0 || done === count) {
      const seconds = (performance.now() - startedAt) / 1_000
      console.log(
        `${done} seeds in ${seconds.toFixed(0)} s, ${failures.length} failed, ${steps} steps, agreed at most ${Math.round(longest)} ms after the faults`,
      )
    }
  }
  for (const [what, times] of counts) console.log(`${String(times).padStart(9)} times ${what}`)
  process.exitCode = failures.length === 0 ? 0 : 1
}
