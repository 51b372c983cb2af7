/** For tests: the server, killed in the middle of uploads, purges and pushes. What it has acknowledged is there. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PART_SIZE } from '@rockpool/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { type Client, createClient, TOKEN_SECRET, tokenOf } from './client.ts'
import { bytesOf } from './content.ts'
import { endAll, runServer, type ServerProcess } from './process.ts'

const KILLS = 25
/** Acknowledged writes between two kills: from here on, by turns up to twice as many. */
const LEAST_WRITES = 6

/**
 * Defines the test.
 *
 * @param makeEnvironment variables of the server beside its folder, token secret and port
 */
export const killedCase = (
  mode: 'local' | 's3' | 'hybrid',
  makeEnvironment: () => Promise<Readonly<Record<string, string>>>,
): void =>
  test(
    `${mode}, killed ${KILLS} times under mixed load: nothing that was acknowledged is lost`,
    { timeout: 900_000 },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'rockpool-killed-'))
      onTestFinished(async () => {
        await endAll()
        await rm(folder, { recursive: true })
      })
      const env = await makeEnvironment()
      const acknowledged = { contents: new Map<string, number>(), purged: new Set<string>(), events: [] as string[] }
      const unsure = new Set<string>()
      let writes = 0
      let seed = 1
      let killAt = Infinity
      let server: ServerProcess
      let base = 'http://127.0.0.1:0'
      let isOver = false

      const start = async (): Promise<void> => {
        server = runServer(['serve'], {
          env: {
            ...env,
            ROCKPOOL_STORE: mode,
            ROCKPOOL_DATA_DIR: join(folder, 'data'),
            ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
            ROCKPOOL_RATE_LIMIT: '0',
            PORT: new URL(base).port || '0',
          },
        })
        base = await server.url
      }
      /** resolves once a server runs again */
      let up = start()
      const client = createClient(() => base, 'reef', await tokenOf({ reef: ['read', 'write', 'delete'] }))

      const counted = () => {
        if (++writes >= killAt) server.child.kill('SIGKILL')
      }
      /** Writes until the end. What fails may have been stored or not: it was not acknowledged. */
      const work = async (write: (client: Client) => Promise<void>) => {
        while (!isOver) {
          await up
          await write(client).then(counted, () => {})
        }
      }
      const upload = (size: () => number) => async () => {
        const at = seed++
        const bytes = bytesOf(size(), at)
        const key = await client.put(bytes)
        acknowledged.contents.set(key, at)
        sizes.set(at, bytes.length)
      }
      const sizes = new Map<number, number>()
      const push = async () => {
        const id = `event ${seed++}`
        await client.push('v1.NoteCreated', { id })
        acknowledged.events.push(id)
      }
      const purge = async () => {
        const key = [...acknowledged.contents.keys()].find((each) => !unsure.has(each))
        if (key === undefined) return push()
        unsure.add(key)
        expect(await client.purge(key)).toBe(204)
        acknowledged.purged.add(key)
      }

      const small = () => 1 + ((seed * 7_919) % 40_000)
      const writers = [
        work(upload(small)),
        work(upload(small)),
        work(upload(() => PART_SIZE + 1_000)),
        work(push),
        work(push),
        work(purge),
      ]
      for (let kill = 0; kill < KILLS; kill++) {
        await up
        const exited = once(server!.child, 'exit')
        killAt = writes + LEAST_WRITES + ((kill * 5) % LEAST_WRITES)
        expect(await exited).toEqual([null, 'SIGKILL'])
        killAt = Infinity
        up = start()
      }
      isOver = true
      await Promise.all([up, ...writers])

      const events = (await client.events()).map(({ args }) => args.id)
      expect(acknowledged.events.filter((id) => !events.includes(id))).toEqual([])
      expect(new Set(events).size).toBe(events.length)
      for (const [key, at] of acknowledged.contents) {
        if (acknowledged.purged.has(key)) expect(await client.isStored(key)).toBe(false)
        else if (!unsure.has(key)) expect(Buffer.compare(await client.get(key), bytesOf(sizes.get(at)!, at))).toBe(0)
      }
      expect(writes).toBeGreaterThanOrEqual(KILLS * LEAST_WRITES)
      if (mode === 'hybrid') await expect.poll(() => pendingOf(base), { timeout: 300_000 }).toBe(0)
      server!.child.kill('SIGTERM')
      expect((await server!.ended).code).toBe(0)
    },
  )

/** Objects that S3 still lacks. */
const pendingOf = async (url: string): Promise<number | undefined> => {
  const { store } = (await (await fetch(`${url}/ready`)).json()) as { readonly store: { readonly pending?: number } }
  return store.pending
}
