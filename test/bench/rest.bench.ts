/** Lists of the REST API, from Request to JSON, beside bare SQLite on the same rows. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sharedSecretTokens } from '@rockpool/access'
import { SECRET, signToken } from '@rockpool/access/testing'
import { memoryStore } from '@rockpool/object-store/memory'
import { type Buckets, ownerOf } from '@rockpool/protocol'
import { sqliteLogs } from '@rockpool/sync-server/node'
import { expect, onTestFinished, test } from 'vitest'
import { createRestHandler, type RestOptions } from '../../packages/server/src/rest/rest-handler.ts'
import { withCursorIds } from '../../packages/server/src/state/restores.ts'

const FILES = 100_000
const PUSH = 1_000
const OWNERS = 50
const QUERIES = 400
const PAGE = 50
const BUCKETS: Buckets = { files: { access: 'store' }, inbox: { access: 'owner' } }

const hex = (index: number) => index.toString(16).padStart(8, '0')

/** Every tenth file is in a bucket of owners. */
const addedFile = (index: number, sub: string, owner: string) => ({
  ...{ opId: `op-${index}`, id: `file-${index}`, name: `photo ${index}.jpg`, type: 'image/jpeg' },
  size: 1_000 + ((index * 7_919) % 1_000_000),
  remoteKey: `shop/${index % 10 === 0 ? `inbox/${owner}` : 'files'}/${hex((index * 2_654_435_761) % 2 ** 32).repeat(8)}`,
  ...{ meta: '{"album":"reef","width":4000}', at: 1_700_000_000_000 + index * 1_000 },
  path: `day ${index % 1_000}/${sub} ${index}.jpg`,
})

const openRest = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-bench-rest-'))
  const logs = await sqliteLogs({ directory: join(folder, 'events') })
  onTestFinished(async () => {
    await logs.close()
    await rm(folder, { recursive: true, force: true })
  })
  const log = await logs.open('shop')
  for (let head = 0; head < FILES; head += PUSH) {
    const sub = `user-${(head / PUSH) % OWNERS}`
    const owner = await ownerOf(sub)
    const events = Array.from({ length: PUSH }, (_, index) => ({
      ...{ name: 'v2.FileAdded', argsJson: JSON.stringify(addedFile(head + index, sub, owner)) },
      ...{ seqNum: head + index + 1, clientId: 'client', sessionId: 'session' },
    }))
    await log.append(head, events, { sub, at: 1 })
  }
  expect((await log.readModel.usage()).files).toBe(FILES)
  // The logs are locked: bare SQLite reads a copy.
  const copy = join(folder, 'copy')
  await mkdir(copy)
  await logs.backUp('shop', copy)
  const bare = new DatabaseSync(join(copy, 'shop.sqlite'), { readOnly: true })
  onTestFinished(() => bare.close())
  const options = {
    logs: withCursorIds(logs, undefined),
    store: memoryStore({ publicBaseUrl: 'http://localhost', secret: SECRET }),
    storeBuckets: { bucketsOf: () => BUCKETS, create: async () => false },
    holds: { stateOf: async () => 'released', statesOf: async () => new Map() },
    authenticate: sharedSecretTokens({ secrets: [SECRET] }),
    serviceRole: false,
    allowedOrigins: [],
    onError: (error: unknown) => {
      throw error
    },
  } satisfies Partial<RestOptions>
  return { rest: createRestHandler(options as unknown as RestOptions), bare }
}

/** CPU time of this process: beside other work on the machine, the wall clock measures that work. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!

test(`lists of ${FILES} files through the handler of REST, beside bare SQLite`, async () => {
  const { rest, bare } = await openRest()
  const subs = Array.from({ length: OWNERS }, (_, index) => `user-${index}`)
  const tokens = await Promise.all(subs.map((sub) => signToken('shop', { sub })))

  const compare = async (
    what: string,
    toUrl: (query: number) => string,
    select: string,
    toValues: (query: number, sub: string) => readonly (string | number)[],
  ) => {
    const statement = bare.prepare(select)
    const [ours, raw]: [number[], number[]] = [[], []]
    for (let query = 0; query < QUERIES; query++) {
      const user = query % OWNERS
      const request = new Request(`http://localhost/storage/v1/objects?limit=${PAGE}&${toUrl(query)}`, {
        headers: { authorization: `Bearer ${tokens[user]!}` },
      })
      let start = cpuMs()
      const response = await rest.fetch(request)
      const text = await response.text()
      ours.push(cpuMs() - start)
      start = cpuMs()
      const rows = statement.all(...toValues(query, subs[user]!))
      raw.push(cpuMs() - start)
      const { objects } = JSON.parse(text) as { readonly objects: readonly { readonly id: string }[] }
      expect(objects.map(({ id }) => id)).toEqual(rows.slice(0, PAGE).map(({ id }) => id))
    }
    const figures = [0.5, 0.99].map((share) => {
      const [own, direct] = [percentile(ours, share), percentile(raw, share)]
      return `${share === 0.5 ? 'median' : 'p99'} ${own.toFixed(2)} ms, bare ${direct.toFixed(2)} ms, ratio ${(own / direct).toFixed(2)}`
    })
    console.log(`${FILES} files, a page of ${PAGE} by ${what}, CPU time: ${figures.join('; ')}`)
  }

  const order = `ORDER BY createdAt DESC, seqNum DESC LIMIT ${PAGE + 1}`
  const readable = `(bucket = 'files' OR bucket = 'inbox' AND ownerId = ?)`
  await compare(
    'owner and size',
    (query) => `owner=me&bucket=files&max_size=${maxSizeOf(query)}`,
    `SELECT * FROM files WHERE deletedAt IS NULL AND bucket = 'files' AND ownerId = ? AND size <= ? ${order}`,
    (query, sub) => [sub, maxSizeOf(query)],
  )
  await compare(
    'size, of all that the user may read',
    (query) => `max_size=${maxSizeOf(query)}`,
    `SELECT * FROM files WHERE deletedAt IS NULL AND ${readable} AND size <= ? ${order}`,
    (query, sub) => [sub, maxSizeOf(query)],
  )
  await compare(
    'what a path begins with',
    (query) => `bucket=files&prefix=${encodeURIComponent(`day ${query}/`)}`,
    `SELECT * FROM files WHERE deletedAt IS NULL AND bucket = 'files' AND path >= ? AND path < ? ${order}`,
    (query) => [`day ${query}/`, `day ${query}0`],
  )
})

const maxSizeOf = (query: number): number => 100_000 + ((query * 104_729) % 900_000)
