/**
 * `npm run test:soak -- --seeds 20 --minutes 4 --from 1`, `-- --seed 7 --minutes 4`: the engine in real browsers whose processes,
 * networks and servers fail (`test/faults`). `--trace` shows each step as it is taken.
 */
import { parseArgs } from 'node:util'
import { ensureDependencies } from './dependencies.mjs'
import { bin, inForeground, node24 } from './processes.mjs'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
})

await ensureDependencies()
process.exitCode = await inForeground(
  node24,
  [bin('vitest/vitest.mjs'), 'run', '--project', 'faults', 'test/faults/soak.test.ts'],
  {
    env: {
      ROCKPOOL_SOAK_FROM: values.seed ?? values.from,
      ROCKPOOL_SOAK_SEEDS: values.seed === undefined ? values.seeds : '1',
      ROCKPOOL_SOAK_MINUTES: values.minutes,
      ...(values.trace ? { ROCKPOOL_SOAK_TRACE: '1' } : {}),
    },
  },
)
