/** Files that are held, through the real process: nobody reads them by any way until a webhook or an administrator releases them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Right } from '@rockpool/protocol'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { addressOf, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { endAll, runServer, type ServerProcess } from '../testing/process.ts'
import { RECEIVER_SECRET, type Receiver, startReceiver } from '../testing/webhook-receiver.ts'

const WAIT = { interval: 20, timeout: 60_000 }
const BUCKETS = {
  photos: { access: 'store', hold: { waitSeconds: 3_600, refused: 'delete' } },
  brief: { access: 'public', hold: { waitSeconds: 1, refused: 'delete' } },
  silent: { access: 'store', hold: { waitSeconds: 3_600, refused: 'keep' } },
}
/** What the scanner says of a file with these bytes. */
const VERDICTS: Record<string, object | undefined> = { good: { release: true }, bad: { release: false } }

let folder: string
let server: ServerProcess
let url: string
let scanner: Receiver
/** the scan of the bytes `slow` */
const slowScan = Promise.withResolvers<void>()
const scanned: { readonly path: string; readonly bytes: string }[] = []
const tokens: Record<string, string> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-hold-'))
  scanner = await startReceiver(async ({ event }) => {
    if (event.download_url === undefined) return { status: 204 }
    const bytes = await (await fetch(event.download_url)).text()
    if (bytes === 'slow') await slowScan.promise
    scanned.push({ path: event.path, bytes })
    const body = VERDICTS[bytes.split(' ')[0]!]
    return { status: 200, ...(body && { body }) }
  })
  const users: Record<string, readonly Right[]> = { ada: ['read', 'write', 'delete'], eve: ['read'], root: ['admin'] }
  for (const [sub, rights] of Object.entries(users)) tokens[sub] = await tokenOf({ shop: rights }, sub)
  await start()
}, 120_000)
afterAll(async () => {
  await endAll()
  await scanner.close()
  await rm(folder, { recursive: true })
})

const start = async () => {
  const env = {
    ROCKPOOL_DATA_DIR: folder,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    ROCKPOOL_BUCKETS: JSON.stringify(BUCKETS),
    ROCKPOOL_WEBHOOKS: JSON.stringify([{ url: scanner.url, secret: RECEIVER_SECRET, buckets: ['photos', 'brief'] }]),
    PORT: '0',
  }
  server = runServer(['serve'], { env })
  url = await server.url
}
const call = (user: string | undefined, method: string, path: string, init: RequestInit = {}) =>
  fetch(`${url}${path}`, {
    method,
    ...init,
    headers: {
      ...(user && { authorization: `Bearer ${tokens[user]}` }),
      'rockpool-store': 'shop',
      ...(init.headers as Record<string, string>),
    },
  })
const post = async (place: string, body: string): Promise<Record<string, unknown>> => {
  const headers = { 'content-type': 'image/png' }
  const response = await call('ada', 'POST', `/storage/v1/object/${place}`, { body, headers })
  expect(response.ok).toBe(true)
  return response.json()
}
/** The statuses of all ways to read a file. */
const waysToRead = async (place: string, bytes: string): Promise<readonly string[]> => {
  const [bucket] = place.split('/', 1)
  const key = `shop/${bucket}/${addressOf(Buffer.from(bytes))}`
  const responses = await Promise.all([
    call('ada', 'GET', `/storage/v1/object/${place}`),
    call('eve', 'HEAD', `/storage/v1/object/${place}`),
    call('ada', 'POST', `/storage/v1/object/sign/${place}`),
    call('ada', 'GET', `/signer/download-url?key=${key}`),
    call('eve', 'GET', `/signer/download-url?key=${key}&check=1`),
    call('eve', 'GET', `/signer/objects/${key}`),
  ])
  return Promise.all(
    responses.map(async (response) => {
      const text = await response.text()
      return response.ok || text === '' ? `${response.status}` : `${response.status} ${JSON.parse(text).error.code}`
    }),
  )
}
const HELD = ['423 held', '423', '423 held', '423 held', '423 held', '423 held']
const FREE = ['200', '200', '200', '200', '200', '200']
const REFUSED = ['403 forbidden', '403', '403 forbidden', '403 forbidden', '403 forbidden', '403 forbidden']
const GONE = '404 not_found'

it('a file that no webhook hears of is held, also after a restart, until an administrator releases it', async () => {
  const bytes = 'silent'
  expect(await post('silent/a.png', bytes)).toMatchObject({ hold: 'held', size: 6 })
  expect(await waysToRead('silent/a.png', bytes)).toEqual(HELD)
  server.child.kill('SIGKILL')
  await server.ended
  await start()
  expect(await waysToRead('silent/a.png', bytes)).toEqual(HELD)
  const listed = async () =>
    (await (await call('eve', 'GET', '/storage/v1/objects?bucket=silent')).json()).objects.map(
      ({ path, hold }: Record<string, string>) => [path, hold],
    )
  expect(await listed()).toEqual([['a.png', 'held']])

  const release = '/storage/v1/object/release/silent/a.png'
  for (const user of ['ada', 'eve']) expect((await call(user, 'POST', release)).status).toBe(403)
  expect((await call('root', 'POST', release, { body: '{"release":1}' })).status).toBe(400)
  expect((await call('root', 'POST', '/storage/v1/object/release/silent/b.png')).status).toBe(404)
  const released = await call('root', 'POST', release)
  expect([released.status, (await released.json()).hold]).toEqual([200, undefined])
  expect(await waysToRead('silent/a.png', bytes)).toEqual(FREE)
  expect(await listed()).toEqual([['a.png', undefined]])

  await call('root', 'POST', release, { body: '{"release":false}' })
  expect(await waysToRead('silent/a.png', bytes)).toEqual(REFUSED)
})

it('a webhook reads the held file by its URL, and its response releases it', async () => {
  await post('photos/one/good.png', 'good one')
  await vi.waitFor(async () => expect(await waysToRead('photos/one/good.png', 'good one')).toEqual(FREE), WAIT)
  expect(scanned.filter(({ path }) => path === 'one/good.png')).toEqual([{ path: 'one/good.png', bytes: 'good one' }])
  const { event } = scanner.received.find((received) => received.event.path === 'one/good.png')!
  expect(event).toMatchObject({ held: true, size: 8, content_type: 'image/png' })
})

it('a webhook that refuses a file has it deleted where the bucket says so; the same bytes never come back', async () => {
  for (const name of ['bad', 'again']) {
    await post(`photos/${name}.png`, 'bad virus')
    await vi.waitFor(async () => {
      expect(await (await call('ada', 'GET', `/storage/v1/object/photos/${name}.png`)).json()).toMatchObject({
        error: { code: 'not_found' },
      })
    }, WAIT)
  }
  const key = `shop/photos/${addressOf(Buffer.from('bad virus'))}`
  expect((await call('ada', 'GET', `/signer/download-url?key=${key}`)).status).toBe(403)
})

/** The event by which the scanner got this content. */
const scannedEvent = (bytes: string) =>
  vi.waitFor(() => {
    const found = scanner.received.find(({ event }) => event.content_address === addressOf(Buffer.from(bytes)))
    expect(found).toBeDefined()
    return found!.event
  }, WAIT)

it('holds a new version, which the URL of the former check does not read', async () => {
  await post('photos/doc.png', 'undecided 1')
  const { download_url } = await scannedEvent('undecided 1')
  expect(await (await fetch(download_url)).text()).toBe('undecided 1')
  await call('root', 'POST', '/storage/v1/object/release/photos/doc.png')
  expect((await waysToRead('photos/doc.png', 'undecided 1'))[0]).toBe('200')
  await post('photos/doc.png', 'undecided 2')
  expect((await waysToRead('photos/doc.png', 'undecided 2'))[0]).toBe('423 held')
  expect(await (await fetch(download_url)).text()).toBe('undecided 1')
})

it('releases the content that was checked, and no other that the file got since', async () => {
  await post('photos/swap.png', 'undecided harmless')
  const { id, content_address } = await scannedEvent('undecided harmless')
  await post('photos/swap.png', 'undecided virus')
  const release = async (address: unknown) => {
    const body = JSON.stringify({ release: true, content_address: address })
    return (await call('root', 'POST', `/storage/v1/object/release/photos/${id}`, { body })).status
  }
  expect([await release('0'.repeat(64)), await release(1)]).toEqual([409, 400])
  expect(await release(content_address)).toBe(200)
  const harmless = `shop/photos/${content_address}`
  expect((await call('eve', 'GET', `/signer/download-url?key=${harmless}`)).status).toBe(200)
  expect(await waysToRead('photos/swap.png', 'undecided virus')).toEqual(HELD)
  expect(await release((await scannedEvent('undecided virus')).content_address)).toBe(200)
  expect(await waysToRead('photos/swap.png', 'undecided virus')).toEqual(FREE)
})

it('sends content for its check that was replaced before its event was sent', async () => {
  await post('photos/slow.png', 'slow')
  await scannedEvent('slow')
  await post('photos/draft.png', 'good draft')
  await post('photos/draft.png', 'good final')
  slowScan.resolve()
  const key = `shop/photos/${addressOf(Buffer.from('good draft'))}`
  await vi.waitFor(async () => {
    expect((await call('eve', 'GET', `/signer/download-url?key=${key}`)).status).toBe(200)
  }, WAIT)
  await vi.waitFor(async () => expect(await waysToRead('photos/draft.png', 'good final')).toEqual(FREE), WAIT)
})

it('a file that nobody decides about is deleted at the end of the wait, also in a public bucket', async () => {
  await post('brief/late.png', 'undecided 3')
  const read = async () => {
    const response = await call(undefined, 'GET', '/storage/v1/object/brief/late.png')
    return `${response.status} ${(await response.json()).error.code}`
  }
  expect(['423 held', GONE]).toContain(await read())
  await vi.waitFor(async () => expect(await read()).toBe(GONE), WAIT)
})
