/**
 * The rules of the simulation (`packages/core/src/simulation/oracles.ts`) in real browsers, by seed. `npm run test:soak` runs more
 * seeds, and longer ones. The seed decides what is done and what fails; a browser's timing is its own.
 */
import { describe, test } from 'vitest'
import { BROWSERS } from '../e2e/device.ts'
import { REST_WITHIN_MS, runSeed } from './run-seed.ts'

const FROM = Number(process.env.ROCKPOOL_SOAK_FROM ?? 1)
const SEEDS = Number(process.env.ROCKPOOL_SOAK_SEEDS ?? 3)
const DURATION_MS = Number(process.env.ROCKPOOL_SOAK_MINUTES ?? 1) * 60_000
const SHOW = process.env.ROCKPOOL_SOAK_TRACE ? (line: string) => process.stderr.write(`${line}\n`) : undefined

/** Devices come to rest three times; the rest is for starts and for reading every file on every device. */
const TIMEOUT_MS = DURATION_MS + 3 * REST_WITHIN_MS + 10 * 60_000

describe.runIf(BROWSERS.includes('chromium'))('devices whose browsers, networks and servers fail', () => {
  test.each(Array.from({ length: SEEDS }, (_, index) => FROM + index))(
    'agree, keep every acknowledged file and serve no wrong byte: seed %d',
    { timeout: TIMEOUT_MS },
    async (seed) => console.log(await runSeed(seed, DURATION_MS, SHOW)),
  )
})
