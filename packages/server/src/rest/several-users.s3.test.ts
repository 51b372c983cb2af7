/**
 * Who sees records, reads bytes, writes, shares and deletes: three users, one who belongs to another store, and a stranger without a
 * token, in buckets of each access, through REST, the sync server, the signer and S3 itself.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'
import { ownerOf, type Right } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { addressOf, createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { endAll, runServer } from '../testing/process.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const BUCKETS = { poster: { access: 'public' }, shared: { access: 'store' }, inbox: { access: 'owner' } }
type Bucket = keyof typeof BUCKETS
const BUCKET_NAMES = Object.keys(BUCKETS) as readonly Bucket[]

const RIGHTS = {
  ada: { shop: ['read', 'write', 'delete'] },
  bob: { shop: ['read', 'write', 'delete'] },
  eve: { shop: ['read'] },
  mallory: { lagoon: ['read', 'write', 'delete'] },
} as const satisfies Record<string, Record<string, readonly Right[]>>
type User = keyof typeof RIGHTS | 'stranger'
const USERS = [...Object.keys(RIGHTS), 'stranger'] as readonly User[]

let folder: string
let url: string
const tokens = new Map<User, string>()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-users-'))
  const env = {
    ...environmentOfBucket(await createdBucket('users')),
    ROCKPOOL_STORE: 's3',
    ROCKPOOL_DATA_DIR: folder,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    ROCKPOOL_BUCKETS: JSON.stringify(BUCKETS),
    PORT: '0',
  }
  url = await runServer(['serve'], { env }).url
  for (const [user, stores] of Object.entries(RIGHTS)) tokens.set(user as User, await tokenOf(stores, user))
  for (const bucket of BUCKET_NAMES) {
    const { status } = await post('ada', bucket, 'ada.png', contentOf(bucket))
    if (status !== 201) throw new Error(`The file of ada in ${bucket}: ${status}`)
  }
})
afterAll(async () => {
  await endAll()
  await rm(folder, { recursive: true })
})

const contentOf = (bucket: Bucket) => `a fish of ada for ${bucket}`
const keyOf = async (bucket: Bucket, text: string, user: User = 'ada') => {
  const owner = BUCKETS[bucket].access === 'owner' ? `${await ownerOf(user)}/` : ''
  return `shop/${bucket}/${owner}${addressOf(Buffer.from(text))}`
}
const call = (user: User, method: string, path: string, init: RequestInit = {}) => {
  const token = tokens.get(user)
  const headers = { ...(token && { authorization: `Bearer ${token}` }), 'rockpool-store': 'shop' }
  return fetch(`${url}${path}`, {
    method,
    ...init,
    headers: { ...headers, ...(init.headers as Record<string, string>) },
  })
}
const post = (user: User, bucket: Bucket, path: string, body: string) =>
  call(user, 'POST', `/storage/v1/object/${bucket}/${path}`, { body, headers: { 'content-type': 'image/png' } })

/** Args of the events of one name, as a device of the user pulls them. */
const eventsOf = async (user: User, name: string): Promise<readonly Record<string, any>[]> =>
  (await createClient(() => url, 'shop', tokens.get(user)!).events())
    .filter((event) => event.name === name)
    .map(({ args }) => args)

/** The statuses of one call for each user, in the order of {@link USERS}. */
const statusesOf = async (request: (user: User) => Promise<Response>, users = USERS): Promise<readonly number[]> => {
  const statuses: number[] = []
  for (const user of users) {
    const response = await request(user)
    await response.arrayBuffer()
    statuses.push(response.status)
  }
  return statuses
}
/** For `it.each`: what ada, bob, eve, mallory and a stranger get. */
type Case = readonly [Bucket, number, number, number, number, number]

describe('reads the bytes of a file of ada', () => {
  it.each<Case>([
    ['poster', 200, 200, 200, 200, 200],
    ['shared', 200, 200, 200, 403, 401],
    ['inbox', 200, 404, 404, 403, 401],
  ])('by REST, in %s: %i %i %i %i %i', async (bucket, ...expected) => {
    expect(await statusesOf((user) => call(user, 'GET', `/storage/v1/object/${bucket}/ada.png`))).toEqual(expected)
  })

  it.each<Case>([
    ['poster', 200, 200, 200, 403, 401],
    ['shared', 200, 200, 200, 403, 401],
    ['inbox', 200, 403, 403, 403, 401],
  ])('from S3 by a URL of the signer, in %s: %i %i %i %i %i', async (bucket, ...expected) => {
    const key = await keyOf(bucket, contentOf(bucket))
    expect(await statusesOf((user) => call(user, 'GET', `/signer/download-url?key=${key}`))).toEqual(expected)
    const signed = (await (await call('ada', 'GET', `/signer/download-url?key=${key}`)).json()).url
    expect(new URL(signed).origin).not.toBe(url)
    expect(await (await fetch(signed)).text()).toBe(contentOf(bucket))
    // S3 itself gives nothing to anyone.
    expect((await fetch(signed.split('?')[0])).status).toBe(403)
    const isPublic = BUCKETS[bucket].access === 'public'
    expect((await fetch(`${url}/signer/public/${key}`, { redirect: 'manual' })).status).toBe(isPublic ? 302 : 403)
  })
})

describe('sees the record of a file of ada', () => {
  it.each<readonly [Bucket, number, number, number]>([
    ['poster', 1, 1, 1],
    ['shared', 1, 1, 1],
    ['inbox', 1, 0, 0],
  ])('in lists of REST, of %s: %i %i %i', async (bucket, ...expected) => {
    const counts = await Promise.all(
      (['ada', 'bob', 'eve'] as const).map(async (user) => {
        const response = await call(user, 'GET', `/storage/v1/objects?bucket=${bucket}&prefix=ada`)
        return (await response.json()).objects.length
      }),
    )
    expect(counts).toEqual(expected)
    expect(await statusesOf((user) => call(user, 'GET', '/storage/v1/objects'), ['mallory', 'stranger'])).toEqual([
      403, 401,
    ])
  })

  it('by sync, also of an owner bucket: a store is the unit of confidentiality', async () => {
    expect(await statusesOf((user) => call(user, 'GET', '/sync/shop/events?since=0'))).toEqual([
      200, 200, 200, 403, 401,
    ])
    const added = (await eventsOf('eve', 'v2.FileAdded')).map(({ remoteKey, path }) => [remoteKey.split('/')[1], path])
    expect(added).toEqual(expect.arrayContaining(BUCKET_NAMES.map((name) => [name, 'ada.png'])))
  })
})

describe('writes', () => {
  it.each(BUCKET_NAMES)('by REST, in %s: who may write the store', async (bucket) => {
    const statuses = await statusesOf((user) => post(user, bucket, `of-${user}.png`, `by ${user} in ${bucket}`))
    expect(statuses).toEqual([201, 201, 403, 403, 401])
  })

  it.each<Case>([
    ['poster', 200, 200, 403, 403, 401],
    ['shared', 200, 200, 403, 403, 401],
    ['inbox', 200, 403, 403, 403, 401],
  ])('content under the key of ada, to S3, in %s: %i %i %i %i %i', async (bucket, ...expected) => {
    const body = JSON.stringify({ key: await keyOf(bucket, 'new'), size: 3, type: 'image/png' })
    expect(await statusesOf((user) => call(user, 'POST', '/signer/upload-url', { body }))).toEqual(expected)
  })

  it.each<Case>([
    ['poster', 200, 200, 403, 403, 401],
    ['shared', 200, 200, 403, 403, 401],
    ['inbox', 200, 422, 403, 403, 401],
  ])('a record with the content of ada, by sync, in %s: %i %i %i %i %i', async (bucket, ...expected) => {
    const remoteKey = await keyOf(bucket, contentOf(bucket))
    const push = async (user: User) => {
      const { head } = await (await call('ada', 'GET', '/sync/shop/head')).json()
      const id = crypto.randomUUID()
      const args = {
        opId: id,
        id,
        name: 'copy.png',
        type: 'image/png',
        size: contentOf(bucket).length,
        meta: '{}',
        at: 1,
      }
      const event = {
        ...{ name: 'v2.FileAdded', args: { ...args, remoteKey }, seqNum: head + 1, parentSeqNum: head },
        ...{ clientId: 'test', sessionId: `s#${id.replaceAll('-', '')}.0` },
      }
      const body = JSON.stringify({ parent: head, mayRenumber: true, events: [event] })
      return call(user, 'POST', '/sync/shop/events', { body })
    }
    expect(await statusesOf(push)).toEqual(expected)
  })
})

describe('shares a file of ada by a signed URL', () => {
  it.each<Case>([
    ['poster', 200, 200, 200, 403, 401],
    ['shared', 200, 200, 200, 403, 401],
    ['inbox', 200, 404, 404, 403, 401],
  ])('in %s: %i %i %i %i %i; anyone who has the URL reads it', async (bucket, ...expected) => {
    const share = (user: User) => call(user, 'POST', `/storage/v1/object/sign/${bucket}/ada.png`)
    expect(await statusesOf(share)).toEqual(expected)
    const { url: shared } = await (await share('ada')).json()
    expect(await (await fetch(shared)).text()).toBe(contentOf(bucket))
  })
})

describe('deletes a file of ada', () => {
  // From who may least to who may most.
  const order: readonly User[] = ['stranger', 'mallory', 'eve', 'bob', 'ada']
  it.each<Case>([
    ['poster', 401, 403, 403, 200, 404],
    ['shared', 401, 403, 403, 200, 404],
    ['inbox', 401, 403, 403, 404, 200],
  ])('in %s: a stranger, mallory and eve may not (%i %i %i), bob %i, ada %i', async (bucket, ...expected) => {
    const remove = (user: User) => call(user, 'DELETE', `/storage/v1/object/${bucket}/ada.png`)
    expect(await statusesOf(remove, order)).toEqual(expected)
    const { id } = (await eventsOf('eve', 'v2.FileAdded')).find(
      ({ remoteKey, path }) => path === 'ada.png' && remoteKey.startsWith(`shop/${bucket}/`),
    )!
    expect(await eventsOf('eve', 'v2.FileDeleted')).toContainEqual(expect.objectContaining({ id }))
  })
})
