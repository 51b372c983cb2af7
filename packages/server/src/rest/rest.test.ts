/** The REST API through the real process, beside a device: users with different rights, and a stranger. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rockpoolEvents, rockpoolTables } from '@rockpool/livestore'
import { ownerOf, PART_SIZE } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { addressOf, createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { bytesOf, contentOf } from '../testing/content.ts'
import { type LiveClient, openLiveClient } from '../testing/live-client.ts'
import { endAll, runServer } from '../testing/process.ts'

const WAIT = { interval: 5, timeout: 25_000 }
const BUCKETS = {
  files: { access: 'store' },
  posters: { access: 'public', types: ['image/*'], maxSize: 1_000 },
  inbox: { access: 'owner' },
}

let folder: string
let url: string
let tokens: Record<'ada' | 'bob' | 'eve' | 'stranger', string>
let device: LiveClient
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-rest-'))
  const env = {
    ROCKPOOL_DATA_DIR: folder,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    ROCKPOOL_BUCKETS: JSON.stringify(BUCKETS),
    PORT: '0',
  }
  url = await runServer(['serve'], { env }).url
  tokens = {
    ada: await tokenOf({ shop: ['read', 'write', 'delete'] }, 'ada'),
    bob: await tokenOf({ shop: ['read', 'write', 'delete'] }, 'bob'),
    eve: await tokenOf({ shop: ['read'] }, 'eve'),
    stranger: await tokenOf({ lagoon: ['read', 'write', 'delete'] }, 'mallory'),
  }
  device = await openLiveClient(url, 'shop', tokens.ada)
}, 120_000)
afterAll(async () => {
  await device?.shutdownPromise()
  await endAll()
  await rm(folder, { recursive: true })
})

type User = keyof typeof tokens | undefined

/** `undefined`: without a token. */
const call = (user: User, method: string, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/storage/v1${path}`, {
    method,
    ...init,
    headers: { ...(user && { authorization: `Bearer ${tokens[user]}` }), ...(init.headers as Record<string, string>) },
  })
const post = (user: User, place: string, body: BodyInit, type = 'image/png'): Promise<Response> =>
  call(user, 'POST', `/object/${place}`, { body, headers: { 'content-type': type } })
const textOf = async (user: User, place: string): Promise<string> =>
  (await call(user, 'GET', `/object/${place}`)).text()
const codeOf = async (response: Response): Promise<string> => `${response.status} ${(await response.json()).error.code}`
const pathsOf = async (user: User, query = ''): Promise<readonly string[]> => {
  const response = await call(user, 'GET', `/objects?limit=1000&${query}`)
  expect(response.status).toBe(200)
  return (await response.json()).objects.map(({ bucket, path }: Record<string, string>) => `${bucket}/${path}`)
}
const onDevice = () => device.query(rockpoolTables.rockpoolFiles.where({ deletedAt: null }))

describe('an object', () => {
  it('that REST adds is a file on every device; another POST makes a version, and DELETE removes it', async () => {
    const created = await post('ada', 'files/one/reef.png', 'reef')
    expect(created.status).toBe(201)
    const object = await created.json()
    expect(object).toEqual({
      id: expect.any(String),
      bucket: 'files',
      path: 'one/reef.png',
      size: 4,
      content_type: 'image/png',
      owner_id: 'ada',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    })
    await vi.waitFor(() => expect(onDevice().map(({ id }) => id)).toContain(object.id), WAIT)
    const file = () => onDevice().find(({ id }) => id === object.id)
    expect(file()).toMatchObject({ name: 'reef.png', path: 'one/reef.png', owner: await ownerOf('ada') })
    const stored = device.query(rockpoolTables.rockpoolRemoteContents.where({ remoteKey: file()!.remoteKey }))
    expect(stored).toMatchObject([{ stored: true, proved: true }])

    const replaced = await post('bob', 'files/one/reef.png', 'lagoon', 'text/plain')
    expect(replaced.status).toBe(200)
    expect(await replaced.json()).toEqual({ ...object, size: 6, content_type: 'text/plain;charset=utf-8' })
    await vi.waitFor(() => expect(file()).toMatchObject({ size: 6 }), WAIT)
    expect(device.query(rockpoolTables.rockpoolFileVersions.where({ fileId: object.id }))).toHaveLength(2)
    expect(await textOf('eve', 'files/one/reef.png')).toBe('lagoon')

    const removed = await call('ada', 'DELETE', '/object/files/one/reef.png')
    expect(await removed.json()).toMatchObject({ id: object.id, size: 6 })
    await vi.waitFor(() => expect(file()).toBeUndefined(), WAIT)
    expect(await codeOf(await call('ada', 'GET', '/object/files/one/reef.png'))).toBe('404 not_found')
    expect(await codeOf(await call('ada', 'DELETE', '/object/files/one/reef.png'))).toBe('404 not_found')
  })

  it('that a device adds is served at its path, and at its id without one', async () => {
    const remoteKey = (await createClient(() => url, 'shop', tokens.ada).put(bytesOf(100, 9))) as never
    for (const path of ['from/device.bin', undefined]) {
      const id = `from device ${path ?? 'without a path'}`
      const args = { opId: crypto.randomUUID(), id, name: 'a.bin', type: 'image/png', size: 100, remoteKey, meta: {} }
      device.commit(rockpoolEvents.fileAdded({ ...args, at: 1_700_000_000_000, ...(path && { path }) }))
      const place = `files/${path ?? id}`
      await vi.waitFor(async () => expect(await pathsOf('eve')).toContain(place), WAIT)
      const response = await call('eve', 'GET', `/object/files/${encodeURIComponent(path ?? id)}`)
      expect(Buffer.compare(await response.bytes(), bytesOf(100, 9))).toBe(0)
    }
  })

  it('of several parts is stored as devices store it, and is read in ranges', async () => {
    const { bytes, address } = await contentOf(PART_SIZE + 1_000, 3)
    // A stream: without a Content-Length.
    const body = new Blob([bytes]).stream()
    const init = { method: 'POST', body, duplex: 'half', headers: { authorization: `Bearer ${tokens.ada}` } }
    const response = await fetch(`${url}/storage/v1/object/files/two/large.bin`, init as RequestInit)
    expect(await response.json()).toMatchObject({ size: bytes.length, content_type: 'application/octet-stream' })
    await vi.waitFor(() => expect(onDevice().find(({ path }) => path === 'two/large.bin')).toBeDefined(), WAIT)
    expect(onDevice().find(({ path }) => path === 'two/large.bin')!.remoteKey).toBe(`shop/files/${address}`)
    expect(await readdir(join(folder, 'spool'))).toEqual([])

    const range = await call('eve', 'GET', '/object/files/two/large.bin', { headers: { range: 'bytes=-1000' } })
    expect([range.status, range.headers.get('content-range')]).toEqual([
      206,
      `bytes ${PART_SIZE}-${PART_SIZE + 999}/${PART_SIZE + 1_000}`,
    ])
    expect(Buffer.compare(await range.bytes(), bytes.subarray(PART_SIZE))).toBe(0)
    const head = await call('eve', 'HEAD', '/object/files/two/large.bin')
    expect(head.headers.get('content-length')).toBe(String(bytes.length))
    const cached = { 'if-none-match': head.headers.get('etag')! }
    expect((await call('eve', 'GET', '/object/files/two/large.bin', { headers: cached })).status).toBe(304)
  })

  it('is one file, however many add it at the same time', async () => {
    const responses = await Promise.all(['a', 'b', 'c', 'd'].map((text) => post('ada', 'files/three/race.png', text)))
    expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 201])
    expect(await pathsOf('eve', 'prefix=three/')).toEqual(['files/three/race.png'])
  })

  it.each([
    ['video/webm;codecs=vp8,opus', 'video/webm;codecs="vp8,opus"'],
    ['image/png;', 'image/png'],
    ['text/plain', 'text/plain;charset=utf-8'],
    ['text/plain;charset=iso-8859-1', 'text/plain;charset=iso-8859-1'],
  ])('takes the type %s, and serves it as %s', async (sent, served) => {
    const path = `files/types/${served.length}`
    expect((await post('ada', path, 'x', sent)).status).toBe(201)
    expect((await call('eve', 'GET', `/object/${path}`)).headers.get('content-type')).toBe(served)
  })

  it('of text that is no UTF-8 is Windows-1252', async () => {
    const latin1 = Buffer.from('Überall Riffe', 'latin1')
    expect((await post('ada', 'files/types/latin-1', latin1, 'text/plain')).status).toBe(201)
    const { headers } = await call('ada', 'GET', '/object/files/types/latin-1')
    expect(headers.get('content-type')).toBe('text/plain;charset=windows-1252')
  })

  it('that could run in the page is a download', async () => {
    await post('ada', 'files/four/page.html', '<script>', 'text/html')
    const { headers } = await call('eve', 'GET', '/object/files/four/page.html')
    expect(headers.get('content-type')).toBe('application/octet-stream')
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="page.html"/)
    expect(headers.get('cache-control')).toBe('private, no-cache')
  })
})

describe('the rights of a bucket', () => {
  it('of the store: its readers read, its writers write; nobody else sees that there is anything', async () => {
    expect((await post('ada', 'files/five/a.png', 'a')).status).toBe(201)
    expect(await textOf('bob', 'files/five/a.png')).toBe('a')
    expect(await codeOf(await post('eve', 'files/five/a.png', 'b'))).toBe('403 forbidden')
    expect(await codeOf(await call('eve', 'DELETE', '/object/files/five/a.png'))).toBe('403 forbidden')
    const shop = { headers: { 'rockpool-store': 'shop' } }
    for (const path of ['/object/files/five/a.png', '/objects', '/bucket']) {
      expect(await codeOf(await call('stranger', 'GET', path, shop))).toBe('403 forbidden')
      expect(await codeOf(await call(undefined, 'GET', path, shop))).toBe('401 unauthenticated')
    }
  })

  it('of owners: the same path is another file for each user', async () => {
    const [adas, bobs] = [await post('ada', 'inbox/six/a.png', 'ada'), await post('bob', 'inbox/six/a.png', 'bob')]
    expect([adas.status, bobs.status]).toEqual([201, 201])
    expect([await textOf('ada', 'inbox/six/a.png'), await textOf('bob', 'inbox/six/a.png')]).toEqual(['ada', 'bob'])
    expect(await codeOf(await call('eve', 'GET', '/object/inbox/six/a.png'))).toBe('404 not_found')
    for (const user of ['ada', 'bob', 'eve'] as const) {
      const inbox = (await pathsOf(user)).filter((path) => path.startsWith('inbox/'))
      expect(inbox).toEqual(user === 'eve' ? [] : ['inbox/six/a.png'])
    }
    await call('bob', 'DELETE', '/object/inbox/six/a.png')
    expect(await textOf('ada', 'inbox/six/a.png')).toBe('ada')
  })

  it('that is public: everybody reads, by the header', async () => {
    await post('ada', 'posters/seven/a.png', 'poster')
    const response = await call(undefined, 'GET', '/object/posters/seven/a.png', {
      headers: { 'rockpool-store': 'shop' },
    })
    expect([await response.text(), response.headers.get('cache-control')]).toEqual(['poster', 'public, no-cache'])
    expect(await codeOf(await call(undefined, 'GET', '/object/posters/seven/a.png'))).toBe('401 unauthenticated')
  })

  it('says which types and sizes it takes, before anything is stored', async () => {
    expect(await codeOf(await post('ada', 'files/eight/a.png', 'x', 'a picture'))).toBe('400 bad_request')
    expect(await codeOf(await post('ada', 'posters/eight/a.txt', 'x', 'text/plain'))).toBe('415 type_not_allowed')
    expect(await codeOf(await post('ada', 'posters/eight/a.png', 'x'.repeat(1_001)))).toBe('413 too_large')
    const streamed = { body: new Blob(['x'.repeat(1_001)]).stream(), duplex: 'half' } as RequestInit
    const headers = { 'content-type': 'image/png' }
    const response = await call('ada', 'POST', '/object/posters/eight/a.png', { ...streamed, headers })
    expect(await codeOf(response)).toBe('413 too_large')
    const client = createClient(() => url, 'shop', tokens.ada)
    for (const text of ['x', 'x'.repeat(1_001)]) {
      expect(await client.isStored(`shop/posters/${addressOf(new TextEncoder().encode(text))}`)).toBe(false)
    }
    expect(await codeOf(await post('ada', 'none/eight/a.png', 'x'))).toBe('404 not_found')
    const form = new FormData()
    form.set('file', new Blob(['x']))
    expect(await codeOf(await call('ada', 'POST', '/object/files/eight/a.png', { body: form }))).toBe('400 bad_request')
    expect(await pathsOf('ada', 'prefix=eight/')).toEqual([])
  })

  it('is listed', async () => {
    expect(await (await call('eve', 'GET', '/bucket')).json()).toEqual([
      { name: 'files', policy: 'authenticated', allowed_mime_types: null, max_file_size: null },
      { name: 'posters', policy: 'public', allowed_mime_types: ['image/*'], max_file_size: 1_000 },
      { name: 'inbox', policy: 'private', allowed_mime_types: null, max_file_size: null },
    ])
  })
})

describe('a signed URL', () => {
  const sign = (user: User, place: string, query = '') => call(user, 'POST', `/object/sign/${place}${query}`)

  it('serves one file to whoever has it, until it expires or the file is deleted', async () => {
    await post('ada', 'inbox/nine/a b?.png'.replaceAll(' ', '%20').replace('?', '%3F'), 'secret')
    const signed = await (await sign('ada', 'inbox/nine/a%20b%3F.png', '?expires_in=60')).json()
    expect(Date.parse(signed.expires_at)).toBe(Number(new URL(signed.url).searchParams.get('expires')))
    expect(await (await fetch(signed.url)).text()).toBe('secret')

    const other = new URL(signed.url)
    other.searchParams.set('expires', String(Date.parse(signed.expires_at) + 1))
    expect(await codeOf(await fetch(other))).toBe('403 forbidden')
    const elsewhere = new URL(signed.url.replace('inbox/nine', 'inbox/ten'))
    expect(await codeOf(await fetch(elsewhere))).toBe('403 forbidden')

    await call('ada', 'DELETE', '/object/inbox/nine/a%20b%3F.png')
    expect(await codeOf(await fetch(signed.url))).toBe('404 not_found')
  })

  it('is given to readers of the file alone, for as long as the server allows', async () => {
    await post('ada', 'inbox/ten/a.png', 'secret')
    expect(await codeOf(await sign('bob', 'inbox/ten/a.png'))).toBe('404 not_found')
    expect(await codeOf(await sign(undefined, 'inbox/ten/a.png'))).toBe('401 unauthenticated')
    for (const seconds of ['0', '1.5', '3601', 'soon']) {
      expect(await codeOf(await sign('ada', 'inbox/ten/a.png', `?expires_in=${seconds}`))).toBe('400 bad_request')
    }
  })
})

it('lists objects by owner, size, prefix and order, page by page', async () => {
  for (const [user, name, size] of [
    ['ada', 'a', 30],
    ['bob', 'b', 20],
    ['ada', 'c', 10],
  ] as const) {
    await post(user, `files/eleven/${name}.png`, 'x'.repeat(size))
  }
  const list = (query: string) => pathsOf('eve', `prefix=eleven/&${query}`)
  expect(await list('order=size.asc')).toEqual(['c', 'b', 'a'].map((name) => `files/eleven/${name}.png`))
  expect(await list('order=size.desc&max_size=20')).toEqual(['b', 'c'].map((name) => `files/eleven/${name}.png`))
  expect(await pathsOf('ada', 'prefix=eleven/&owner=me&order=size.asc')).toHaveLength(2)
  const pages: string[] = []
  let cursor: string | null = null
  do {
    const query: string = `prefix=eleven/&order=size.asc&limit=1${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
    const page = await (await call('eve', 'GET', `/objects?${query}`)).json()
    pages.push(...page.objects.map(({ path }: { readonly path: string }) => path))
    cursor = page.cursor
  } while (cursor !== null)
  expect(pages).toEqual(['c', 'b', 'a'].map((name) => `eleven/${name}.png`))
  expect(await codeOf(await call('eve', 'GET', '/objects?size=1'))).toBe('400 bad_request')
})
