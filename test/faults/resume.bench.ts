/**
 * What a device sends again when its browser is killed, or its page reloaded, within an upload of 200 MiB. Ten rounds, at places of
 * a seed: `npm run bench -- resume`.
 */
import { makeRandom } from '@rockpool/core/simulation'
import { expect, test } from 'vitest'
import { MiB } from '../e2e/content.ts'
import { createDevice } from '../e2e/device.ts'
import { startServer } from '../e2e/server.ts'
import type { Tab } from '../e2e/tab.ts'
import { startProxy } from './proxy.ts'
import { waitUntil } from './wait-until.ts'

const SIZE = 200 * MiB
const ROUNDS = 10
const UPLOADED_WITHIN_MS = 5 * 60_000

/** The most that is in flight at a time, over all connections. */
const IN_FLIGHT = 64 * MiB

const stateOf = async (tab: Tab, name: string) =>
  (await tab.tiles()).find((tile) => tile.name === name)?.state ?? 'missing'

test('an upload that is interrupted sends what was in flight again, and no more', async () => {
  await using server = await startServer()
  await using network = await startProxy(
    { port: Number(new URL(server.url).port), storage: new URL(server.url).origin },
    makeRandom(1),
  )
  await using device = await createDevice('chromium', network.url)
  const random = makeRandom(2)
  const rounds: { how: string; beforeMiB: number; againMiB: number; seconds: number }[] = []

  let tab = await device.open()
  for (let round = 0; round < ROUNDS; round++) {
    const name = `${round}.bin`
    const start = network.uploadedBytes
    const sent = () => network.uploadedBytes - start
    const place = (0.05 + 0.9 * random.next()) * SIZE
    await tab.add(name, name, SIZE)
    const short = await waitUntil(
      async () => (sent() < place ? 'too little was sent' : undefined),
      UPLOADED_WITHIN_MS,
      5,
    )
    expect(short).toBeUndefined()
    const before = sent()
    const begin = performance.now()
    const how = round % 2 === 0 ? 'SIGKILL' : 'reload'
    if (how === 'SIGKILL') {
      await device.kill()
      tab = await device.open()
    } else {
      await tab.reload()
    }
    const unfinished = await waitUntil(async () => {
      const state = await stateOf(tab, name)
      return state === 'stored' ? undefined : state
    }, UPLOADED_WITHIN_MS)
    expect(unfinished).toBeUndefined()
    rounds.push({
      how,
      beforeMiB: Math.round(before / MiB),
      againMiB: Math.round((10 * (sent() - SIZE)) / MiB) / 10,
      seconds: Math.round((performance.now() - begin) / 1_000),
    })
    await tab.inPage(async (pool) => pool.remove(pool.files.list({})[0]!.id))
  }
  console.table(rounds)
  expect(Math.max(...rounds.map(({ againMiB }) => againMiB))).toBeLessThanOrEqual(IN_FLIGHT / MiB)
})
