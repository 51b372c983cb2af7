/** Quotas of files at two servers that share their event logs: both together take no more than one would. */
import { once } from 'node:events'
import postgres, { type Sql } from 'postgres'
import { beforeAll, expect, it } from 'vitest'
import { addressOf, tokenOf } from '../../packages/server/src/testing/client.ts'
import { bytesOf } from '../../packages/server/src/testing/content.ts'
import { type RunningServer, useTwoServers } from './two-servers.ts'

const USER_BYTES = 1_000
const STORE_FILES = 30

const servers = useTwoServers({
  ROCKPOOL_QUOTA_USER_BYTES: String(USER_BYTES),
  ROCKPOOL_QUOTA_STORE_FILES: String(STORE_FILES),
})
let sql: Sql
beforeAll(() => {
  sql = postgres(servers().databaseUrl, { max: 2, onnotice: () => {} })
  return () => sql.end()
})

/** A user of a store at one of the servers. */
const userOf = async (sub: string, store: string) => {
  const token = await tokenOf({ [store]: ['read', 'write', 'delete'] }, sub)
  const headers = { authorization: `Bearer ${token}`, 'rockpool-store': store }

  /** @returns why the event was refused; undefined: it is in the log */
  const push = async ({ url }: RunningServer, name: string, args: object) => {
    const id = crypto.randomUUID().replaceAll('-', '')
    const event = { name, args, seqNum: 1, parentSeqNum: 0, clientId: 'test', sessionId: `s#${id}.0` }
    const body = JSON.stringify({ parent: 0, mayRenumber: true, events: [event] })
    const response = await fetch(`${url}/sync/${store}/events`, { method: 'POST', headers, body })
    const { refused, error } = await response.json()
    if (error) throw new Error(JSON.stringify(error))
    return refused?.[0]
  }
  return {
    push,
    add: (server: RunningServer, size: number, id: string = crypto.randomUUID()) => {
      const remoteKey = `${store}/files/${addressOf(Buffer.from(id))}`
      const file = { id, name: 'a.png', type: 'image/png', size, remoteKey, meta: '{}', at: 1_700_000_000_000 }
      return push(server, 'v2.FileAdded', { opId: crypto.randomUUID(), ...file })
    },
    change: (server: RunningServer, name: string, id: string) =>
      push(server, name, { opId: crypto.randomUUID(), id, at: 1_700_000_000_001 }),
    /** @returns the status */
    upload: async ({ url }: RunningServer, path: string, size: number, seed: number) => {
      const init = { method: 'POST', headers: { ...headers, 'content-type': 'image/png' }, body: bytesOf(size, seed) }
      return (await fetch(`${url}/storage/v1/object/files/${path}`, init)).status
    },
    uploadUrl: async ({ url }: RunningServer, size: number) => {
      const key = `${store}/files/${addressOf(bytesOf(size, 99))}`
      const body = JSON.stringify({ key, size, type: 'image/png' })
      return (await fetch(`${url}/signer/upload-url`, { method: 'POST', headers, body })).status
    },
    usage: async ({ url }: RunningServer) => (await fetch(`${url}/storage/v1/usage`, { headers })).json(),
  }
}

it('takes the bytes of a user once, with concurrent pushes and uploads at both', async () => {
  const { first, second } = servers()
  const ada = await userOf('ada', 'bytes')
  // Both servers have counted before the other one adds anything.
  for (const server of [first, second]) expect(await ada.add(server, 100)).toBeUndefined()
  const pushes = [first, second].flatMap((server) => Array.from({ length: 12 }, () => ada.add(server, 100)))
  const uploads = [first, second].flatMap((server, index) =>
    Array.from({ length: 6 }, (_, n) => ada.upload(server, `${index}-${n}.png`, 100, 10 * index + n)),
  )
  const refused = (await Promise.all(pushes)).filter((refusal) => refusal !== undefined)
  const statuses = await Promise.all(uploads)
  const created = statuses.filter((status) => status === 201).length
  expect(statuses.filter((status) => status !== 201 && status !== 507)).toEqual([])
  expect(2 + pushes.length - refused.length + created).toBe(10)
  for (const server of [first, second])
    expect((await ada.usage(server)).user).toMatchObject({ bytes: 1_000, files: 10 })
  for (const refusal of refused) {
    expect(refusal).toMatchObject({ code: 'quota_exceeded', usage: { of: 'user', unit: 'bytes', limit: 1_000 } })
  }
})

it('takes the files of a store once, whoever adds them', async () => {
  const { first, second } = servers()
  const [ada, bob] = [await userOf('ada', 'files'), await userOf('bob', 'files')]
  for (const server of [first, second]) expect(await ada.add(server, 1)).toBeUndefined()
  const pushes = Array.from({ length: 25 }, () => [ada.add(first, 1), bob.add(second, 1)]).flat()
  const refused = (await Promise.all(pushes)).filter((refusal) => refusal !== undefined)
  expect(2 + pushes.length - refused.length).toBe(STORE_FILES)
  expect((await bob.usage(first)).store).toMatchObject({ files: STORE_FILES, max_files: STORE_FILES })
})

it('refuses at once what the other server has filled, and takes what the other one has freed', async () => {
  const { first, second } = servers()
  const ada = await userOf('ada', 'turns')
  for (const server of [first, second]) expect(await ada.uploadUrl(server, 1_000)).toBe(200)
  expect(await ada.add(first, 900, 'large')).toBeUndefined()
  expect(await ada.uploadUrl(second, 101)).toBe(507)
  expect(await ada.upload(second, 'a.png', 101, 1)).toBe(507)
  expect(await ada.add(second, 101)).toMatchObject({ usage: { used: 900 } })

  expect(await ada.change(first, 'v2.FileDeleted', 'large')).toBeUndefined()
  expect(await ada.add(second, 1_000, 'other')).toBeUndefined()
  // Restores pass, since no size is in their event. They count from then on.
  expect(await ada.change(second, 'v2.FileRestored', 'large')).toBeUndefined()
  expect(await ada.change(second, 'v2.FileDeleted', 'other')).toBeUndefined()
  expect(await ada.add(first, 101)).toMatchObject({ usage: { used: 900 } })
  expect(await ada.add(first, 100)).toBeUndefined()
})

it('keeps nothing reserved for a server that died', async () => {
  const { first, second } = servers()
  const ada = await userOf('ada', 'killed')
  expect(await ada.add(first, 100)).toBeUndefined()
  let lost: Promise<unknown>
  await sql.begin(async (transaction) => {
    await transaction`SELECT FROM rockpool.logs WHERE store_id = 'killed' FOR NO KEY UPDATE`
    lost = ada.add(second, 900).catch((error: unknown) => error)
    await expect.poll(waitingAppends).toBeGreaterThan(0)
    second.process.child.kill('SIGKILL')
    await once(second.process.child, 'exit')
    // Postgres notices that the connection is gone when the statement ends.
  })
  expect(await lost!).toBeInstanceOf(Error)
  const taken = await ada.add(first, 900)
  expect(taken).toBeUndefined()
  expect((await ada.usage(first)).user).toMatchObject({ bytes: 1_000 })
})

const waitingAppends = async () =>
  (await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).length
