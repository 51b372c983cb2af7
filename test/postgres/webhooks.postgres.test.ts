/** Webhooks of two servers that share their event logs: one of them delivers, and the other one takes over when it dies. */
import { once } from 'node:events'
import postgres, { type Sql } from 'postgres'
import { beforeAll, expect, it } from 'vitest'
import { tokenOf } from '../../packages/server/src/testing/client.ts'
import { bytesOf } from '../../packages/server/src/testing/content.ts'
import {
  RECEIVER_SECRET,
  type Received,
  type Receiver,
  startReceiver,
} from '../../packages/server/src/testing/webhook-receiver.ts'
import { type RunningServer, useTwoServers } from './two-servers.ts'

let receiver: Receiver
let token: string
let sql: Sql
const servers = useTwoServers(async () => {
  receiver = await startReceiver()
  return { ROCKPOOL_WEBHOOKS: JSON.stringify([{ url: receiver.url, secret: RECEIVER_SECRET }]) }
})
beforeAll(async () => {
  token = await tokenOf({ shop: ['read', 'write', 'delete'] })
  sql = postgres(servers().databaseUrl, { max: 2, onnotice: () => {} })
  return async () => {
    await receiver.close()
    await sql.end()
  }
})

const holder = async (): Promise<string | undefined> => (await sql`SELECT holder FROM rockpool.leases`)[0]?.holder

const upload = async ({ url }: RunningServer, path: string): Promise<void> => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'image/png' }
  const init = { method: 'POST', headers, body: bytesOf(10, 1) }
  expect((await fetch(`${url}/storage/v1/object/files/${path}`, init)).status).toBe(201)
}
const created = () => receiver.received.filter(({ event }) => event.type === 'storage.object.created')
const pathOf = ({ event }: Received) => event.path as string
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}.png`)

it('starts the deliveries at one server', async () => {
  // A webhook that is new begins with the events after its start.
  await expect.poll(async () => (await sql`SELECT FROM rockpool.webhooks`).length).toBe(1)
  expect(await holder()).toBeDefined()
})

it('sends each event once, in order, whichever server appends it', async () => {
  const paths = names('a', 10)
  for (const [n, path] of paths.entries()) await upload(n % 2 === 0 ? servers().first : servers().second, path)
  await expect.poll(() => created().map(pathOf)).toEqual(paths)
  // An event of later in the log has come, so that no server has an earlier one left to send.
  expect(created().map(pathOf)).toEqual(paths)
  expect(created().every(({ isSigned }) => isSigned)).toBe(true)
})

it('goes on at the other server when the one that delivers dies, from where it was', async () => {
  const before = await holder()
  const { first, second } = servers()
  const dying = await delivering()
  const living = dying === first ? second : first
  const sent = created().length
  dying.process.child.kill('SIGKILL')
  await once(dying.process.child, 'exit')
  const paths = names('b', 5)
  for (const path of paths) await upload(living, path)
  await expect.poll(() => created().map(pathOf).slice(sent)).toEqual(paths)
  expect(await holder()).not.toBe(before)
})

/** By its own figures, as an operator sees it. */
const delivering = async (): Promise<RunningServer> => {
  const { first, second } = servers()
  const counts = await Promise.all(
    [first, second].map(async ({ url }) =>
      /rockpool_webhook_attempts_total\{outcome="accepted"\} ([1-9]\d*)/.test(
        await (await fetch(`${url}/metrics`)).text(),
      ),
    ),
  )
  expect(counts.filter(Boolean)).toHaveLength(1)
  return counts[0] ? first : second
}
