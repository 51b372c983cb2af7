import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { DEFECTS } from './defects.ts'

const SEEDS = 500
const PROCESSES = 2

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** What a run says that ends at its first failing seed, and begins with the one that found the defect last. */
const runWith = (defect: string): Promise<string> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [
        '--conditions=@rockpool/source',
        ...['--import', path('plant-defect.ts')],
        path('run.ts'),
        ...['--from', String(DEFECTS[defect]!.seed), '--seeds', String(SEEDS), '--failures', '1'],
      ],
      { env: { ...process.env, ROCKPOOL_DEFECT: defect } },
      (_, stdout, stderr) => resolve(`${stdout}${stderr}`),
    )
  })

const outputs = new Map<string, string>()

beforeAll(async () => {
  const waiting = Object.keys(DEFECTS)
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) outputs.set(name, await runWith(name))
  }
  await Promise.all(Array.from({ length: PROCESSES }, lane))
}, 1_800_000)

it.each(Object.keys(DEFECTS))(`finds within ${SEEDS} seeds: %s`, (name) => {
  expect(outputs.get(name)).toMatch(/^seed \d+: /)
})
