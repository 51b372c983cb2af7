import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openHybridStore } from '../hybrid/index.ts'
import { openLocalStore } from '../local/index.ts'
import { expectBytes, readAll } from '../testing/bytes.ts'
import { bytesOfKey, STORE } from './bytes.test.shared.ts'
import { writeAndKill } from './writer.test.process.ts'

const KILLS = 20

test(
  `hybrid, killed ${KILLS} times under load: S3 ends with all that was acknowledged`,
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rockpool-killed-'))
    const [directory, remoteFolder] = [join(folder, 'store'), join(folder, 'remote')]
    const has = new Set<string>()
    const lacks = new Set<string>()
    for (let run = 0; run < KILLS; run++) {
      for (const line of await writeAndKill(run, [directory, remoteFolder], (run * 7) % 23)) {
        const [word, key] = line.split(' ') as [string, string]
        if (word === 'has' && !key.startsWith('gone')) has.add(key)
        if (word === 'lacks') lacks.add(key)
      }
    }
    expect(has.size).toBeGreaterThan(KILLS)

    const remote = await openLocalStore({ directory: remoteFolder, ...STORE })
    const connect = async () => ({ ...remote, close: async () => {} })
    const hybrid = await openHybridStore({ directory, ...STORE, connect })
    await expect.poll(async () => (await hybrid.checkHealth()).pending, { timeout: 60_000 }).toBe(0)
    for (const key of has) expectBytes(await readAll((await remote.get(key)).body), bytesOfKey(key))
    for (const key of lacks) expect(await remote.exists(key)).toBe(false)
    const keysOf = async (store: typeof remote | typeof hybrid) =>
      (await store.list('')).objects.map((object) => object.key)
    expect(await keysOf(remote)).toEqual(await keysOf(hybrid))
    const current = async (store: typeof remote | typeof hybrid) => readAll((await store.get('current')).body)
    expectBytes(await current(remote), await current(hybrid))
    await hybrid.close()
    await remote.close()
    await rm(folder, { recursive: true })
  },
)
