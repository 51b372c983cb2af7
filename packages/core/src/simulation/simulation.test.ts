import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { simulate } from './simulate.ts'

/** In two processes, one a core. `npm run simulate` runs any number of seeds, and shows the trace of one. */
const SEEDS = 1_000
const PROCESSES = 2
/** Run twice. */
const REPLAYED = 20

const run = async (from: number, seeds: number): Promise<string> => {
  const program = fileURLToPath(new URL('run.ts', import.meta.url))
  const range = ['--seeds', String(seeds), '--from', String(from)]
  // A run with failures ends with code 1; its output says which.
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--conditions=@rockpool/source', program],
    ...range,
  ]).catch((error: { readonly stdout: string }) => error)
  return stdout
}

describe('devices, tabs and people under faults', () => {
  let output = ''
  beforeAll(async () => {
    const seeds = SEEDS / PROCESSES
    output = (await Promise.all(Array.from({ length: PROCESSES }, (_, i) => run(i * seeds, seeds)))).join('\n')
  }, 1_800_000)

  it(`come to rest with nothing lost, and break no rule on the way (${SEEDS} seeds)`, () => {
    expect(output.match(/^seed \d+: .*$/gm) ?? []).toEqual([])
    expect(output.match(/^500 seeds in .* 0 failed/gm)).toHaveLength(PROCESSES)
  })

  it.each([
    'disk failed before its effect',
    'disk failed after its effect',
    'lost request',
    'lost response',
    'stalled request',
    'signer unavailable',
    'object store unavailable',
    'false success',
    'truncated body',
    'wrong bytes',
    'slow body',
    'fragment written',
    'fragments found',
    'index lost',
    'object lost',
    'content lost on disk',
    'content damaged on disk',
    'torn write',
    'index without space',
    'killed at its promise',
    'tab hung',
    'upload discarded',
    'tabsOpened',
    'tabsKilled',
    'devicesKilled',
    'freezes',
    'clockJumps',
    'refusedTokens',
    'said to be offline',
    'add failed: aborted',
    'open a version',
  ])('met: %s', (what) => {
    expect(output).toMatch(new RegExp(`^ *[1-9][0-9]* ${what}$`, 'm'))
  })

  it('take the same steps with the same seed', { timeout: 300_000 }, async () => {
    for (let seed = 0; seed < REPLAYED; seed++) {
      expect((await simulate(seed)).trace, `seed ${seed}`).toBe((await simulate(seed)).trace)
    }
  })

  it('take other steps with another seed', async () => {
    expect((await simulate(1)).trace).not.toBe((await simulate(2)).trace)
  })
})
