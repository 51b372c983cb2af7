import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SETUP } from '../local/folder.test.shared.ts'
import { expectBytes, readAll } from '../testing/bytes.ts'
import { IS_LONG } from '../../../../test/long.ts'
import { type LocalStore, openLocalStore } from '../local/index.ts'
import { bytesOfKey, listKeys } from './bytes.test.shared.ts'
import { startWriter, writeAndKill } from './writer.test.process.ts'

const KILLS = IS_LONG ? 100 : 25

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rockpool-killed-'))
})
afterEach(() => rm(directory, { recursive: true }))

const readKey = async (store: LocalStore, key: string) => readAll((await store.get(key)).body)

test(
  `killed ${KILLS} times under load: nothing acknowledged is lost, nothing is torn`,
  { timeout: 900_000 },
  async () => {
    const has = new Set<string>()
    const lacks = new Set<string>()
    let current = ''
    for (let run = 0; run < KILLS; run++) {
      for (const line of await writeAndKill(run, [directory], (run * 7) % 23)) {
        const [word, key] = line.split(' ') as [string, string]
        if (word === 'has') has.add(key)
        else if (word === 'lacks') lacks.add(key)
        else current = key
      }
    }
    expect(has.size).toBeGreaterThan(KILLS)
    expect(lacks.size).toBeGreaterThan(0)

    const store = await openLocalStore({ directory, ...SETUP })
    await store.swept
    for (const key of has) {
      // Deleted later in its life, acknowledged or in the moment of the kill.
      if (key.startsWith('gone') && !(await store.exists(key))) continue
      expectBytes(await readKey(store, key), bytesOfKey(key))
    }
    for (const key of lacks) expect(await store.exists(key)).toBe(false)
    // What was not acknowledged is there whole or not at all.
    for (const key of await listKeys(store)) {
      if (key !== 'current') expectBytes(await readKey(store, key), bytesOfKey(key))
    }
    const version = (await store.head('current')).type.slice('x/'.length)
    expectBytes(await readKey(store, 'current'), bytesOfKey(version))
    const order = (key: string) => key.split('-').slice(1).map(Number)
    const [run, i] = order(version)
    const [ackedRun, ackedI] = order(current)
    expect(run! > ackedRun! || (run === ackedRun && i! >= ackedI!)).toBe(true)
    await store.close()
  },
)

test('one process at a time; a killed one does not block the next', { timeout: 300_000 }, async () => {
  const writer = startWriter(0, [directory])
  const exited = once(writer, 'exit')
  await once(writer.stdout!, 'data')
  await expect(openLocalStore({ directory, ...SETUP })).rejects.toMatchObject({ code: 'locked' })
  writer.stdout!.resume()
  writer.kill('SIGKILL')
  await exited
  const store = await openLocalStore({ directory, ...SETUP })
  await expect(openLocalStore({ directory, ...SETUP })).rejects.toMatchObject({ code: 'locked' })
  await store.close()
  await (await openLocalStore({ directory, ...SETUP })).close()
})

test('what a killed writer left behind is swept, and nothing else', { timeout: 300_000 }, async () => {
  let swept = 0
  for (let run = 0; swept === 0 && run < 50; run++) {
    await writeAndKill(run, [directory], 3)
    const store = await openLocalStore({ directory, ...SETUP })
    const { objects } = await store.list('')
    const { removed, quarantined } = await store.swept
    swept = removed + quarantined
    for (const { key } of objects) if (key !== 'current') expectBytes(await readKey(store, key), bytesOfKey(key))
    await store.close()
  }
  expect(swept).toBeGreaterThan(0)
})
