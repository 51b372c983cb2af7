import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openHybridStore } from '../hybrid/index.ts'
import { SETUP } from '../local/folder.test.shared.ts'
import { BUCKET_ID_KEY } from '../object-key.ts'
import type { ObjectStore } from '../object-store.ts'
import { expectBytes, readAll } from '../testing/bytes.ts'
import { bytesOfKey, listKeys } from './bytes.test.shared.ts'
import { openRemote } from './remote.test.shared.ts'
import { writeAndKill } from './writer.test.process.ts'

/** Before each kill, at least: what is written once waits until S3 is there and both sides have been compared. */
const ACKNOWLEDGEMENTS = 100

/** @param makeRemote names the S3 side (`openRemote`), empty */
export const killedHybridCase = (kills: number, makeRemote: () => Promise<string>): void =>
  test(
    `hybrid, killed ${kills} times under load: S3 ends with all that was acknowledged`,
    {
      // Each kill starts a process: on a busy machine that takes seconds.
      timeout: 600_000,
    },
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'rockpool-killed-'))
      const place = await makeRemote()
      const has = new Set<string>()
      const lacks = new Set<string>()
      for (let run = 0; run < kills; run++) {
        for (const line of await writeAndKill(run, [directory, place], ACKNOWLEDGEMENTS + ((run * 7) % 23))) {
          const [word, key] = line.split(' ') as [string, string]
          if (word === 'has' && !key.startsWith('gone')) has.add(key)
          if (word === 'lacks') lacks.add(key)
        }
      }
      for (const name of ['once', 'also', 'parts']) expect([...has].join()).toContain(name)
      expect(lacks.size).toBeGreaterThan(0)

      const remote = await openRemote(place)
      const connect = async () => ({ ...remote, close: async () => {} })
      const hybrid = await openHybridStore({ directory, ...SETUP, connect })
      await expect.poll(async () => (await hybrid.checkHealth()).pending, { timeout: 600_000 }).toBe(0)
      for (const key of has) expectBytes(await readAll((await remote.get(key)).body), bytesOfKey(key))
      for (const key of lacks) expect(await remote.exists(key)).toBe(false)
      // Of a probe of S3 that was killed, `tmp/` may hold something.
      const keysOf = async (store: ObjectStore) =>
        (await listKeys(store)).filter((key) => !key.startsWith('tmp/') && key !== BUCKET_ID_KEY)
      expect(await keysOf(remote)).toEqual(await keysOf(hybrid))
      const current = async (store: ObjectStore) => readAll((await store.get('current')).body)
      expectBytes(await current(remote), await current(hybrid))
      await hybrid.close()
      await remote.close()
      await rm(directory, { recursive: true })
    },
  )
