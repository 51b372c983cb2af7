/** The handler with the real disk of a browser, and an object store in memory that can fail. */
import { change, put } from '@rockpool/core'
import { contentRow } from '@rockpool/core/transfers'
import { indexedDbIndex, opfsBlobStoreDirect } from '@rockpool/opfs'
import { buildRemoteKey, contentUrl, fileUrl, hashContent, PART_SIZE } from '@rockpool/protocol'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Device, listen, noise, overwrite, setUp, sha } from './test-support/device.ts'

describe('a file on this disk', () => {
  it('is answered, whole, with the headers that make it safe', async () => {
    const { keep, get } = await setUp()
    const reef = await keep('a reef')
    const response = await get(reef.url({ name: 'reef.txt', type: 'text/plain' }))
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('a reef')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-length': '6',
      'content-type': 'text/plain;charset=utf-8',
      'content-security-policy': "sandbox; default-src 'none'",
      etag: `"${reef.address}"`,
      'x-content-type-options': 'nosniff',
    })
  })

  it('needs no network', async () => {
    const { keep, get, remote } = await setUp()
    const reef = await keep('a reef')
    remote.faults.offline = true
    expect(await (await get(reef.url())).text()).toBe('a reef')
  })

  it.each([
    ['bytes=0-', 'a reef', 'bytes 0-5/6'],
    ['bytes=2-3', 're', 'bytes 2-3/6'],
    ['bytes=-2', 'ef', 'bytes 4-5/6'],
    ['bytes=4-99', 'ef', 'bytes 4-5/6'],
  ])('is answered in ranges: %s', async (range, text, contentRange) => {
    const { keep, get } = await setUp()
    const response = await get((await keep('a reef')).url(), { headers: { range } })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(contentRange)
    expect(response.headers.get('content-length')).toBe(String(text.length))
    expect(await response.text()).toBe(text)
  })

  it('has no bytes past its end', async () => {
    const { keep, get } = await setUp()
    const response = await get((await keep('a reef')).url(), { headers: { range: 'bytes=6-' } })
    expect(response.status).toBe(416)
    expect(response.headers.get('content-range')).toBe('bytes */6')
  })

  it('is answered whole when the range was asked of another content', async () => {
    const { keep, get } = await setUp()
    const reef = await keep('a reef')
    const stale = await get(reef.url(), { headers: { range: 'bytes=2-3', 'if-range': '"former"' } })
    expect([stale.status, await stale.text()]).toEqual([200, 'a reef'])
    const fresh = await get(reef.url(), { headers: { range: 'bytes=2-3', 'if-range': `"${reef.address}"` } })
    expect([fresh.status, await fresh.text()]).toEqual([206, 're'])
  })

  it('is not sent again to who has it', async () => {
    const { keep, get } = await setUp()
    const reef = await keep('a reef')
    const response = await get(reef.url(), { headers: { 'if-none-match': `"other", "${reef.address}"` } })
    expect([response.status, await response.text()]).toEqual([304, ''])
  })

  it('is told of by HEAD', async () => {
    const { keep, get } = await setUp()
    const response = await get((await keep('a reef')).url(), { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '6', ''])
  })

  it('that is empty has a body of no bytes', async () => {
    const { keep, get } = await setUp()
    const response = await get((await keep('')).url())
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '0', ''])
  })

  it('spans parts that came over the network', async () => {
    const { get, store, blobs } = await setUp()
    const bytes = noise(PART_SIZE + 100)
    const { address } = await hashContent(new Blob([bytes]).stream())
    await blobs.writePart(address, 1, bytes.slice(0, PART_SIZE))
    await blobs.writePart(address, 2, bytes.slice(PART_SIZE))
    const url = contentUrl({ remoteKey: buildRemoteKey({ storeId: store, bucket: 'files', address }), name: 'x' })
    const response = await get(url, { headers: { range: `bytes=${PART_SIZE - 2}-${PART_SIZE + 1}` } })
    expect(await response.bytes()).toEqual(bytes.slice(PART_SIZE - 2, PART_SIZE + 2))
  })
})

describe('a file whose bytes on this disk are not those that the index knows', () => {
  /** Uploads 1,000 bytes, keeps them on this disk, and puts others in their place. */
  const damaged = async (change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) => {
    const device = await setUp()
    const { url, bytes, address } = await device.kept.inObjectStore(noise(1_000))
    await (await device.get(url)).bytes()
    await device.kept.settled()
    await overwrite(device.store, address, change(bytes))
    return { ...device, url, bytes, address }
  }
  const CASES = [
    ['shorter', (bytes: Uint8Array<ArrayBuffer>) => bytes.slice(0, 500)],
    ['longer', (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array([...bytes, 0])],
  ] as const

  it.each(CASES)('%s: is fetched again', async (_, change) => {
    const { get, url, bytes, blobs, kept, address } = await damaged(change)
    const range = await get(url, { headers: { range: 'bytes=990-' } })
    expect([range.status, range.headers.get('content-range')]).toEqual([206, 'bytes 990-999/1000'])
    expect(await range.bytes()).toEqual(bytes.slice(990))
    expect(await (await get(url)).bytes()).toEqual(bytes)
    await kept.settled()
    expect(await (await blobs.open(address))!.bytes()).toEqual(bytes)
    expect(await blobs.isQuarantined(address)).toBe(false)
  })

  it.each(CASES)('%s: is not served without a network, and stays', async (_, change) => {
    const { get, url, blobs, remote, address } = await damaged(change)
    remote.faults.offline = true
    for (let times = 0; times < 2; times++) expect((await get(url)).status).toBe(504)
    expect(await blobs.isQuarantined(address)).toBe(true)
  })

  it.each([
    ['damaged', 500],
    ['gone', 0],
  ])('is queued for the leading tab when it is pinned, %s, and cannot be fetched now', async (what, size) => {
    const { get, url, blobs, index, remote, kept, address } = await damaged((bytes) => bytes.slice(0, size))
    if (what === 'gone') await blobs.delete(address)
    await index.write([change('contents', address, (row) => row && { ...row, pinned: true })])
    remote.faults.offline = true
    expect((await get(url)).status).toBe(504)
    await kept.settled()
    expect(await index.getAll('transfers')).toMatchObject([
      { direction: 'download', remoteKey: expect.stringContaining(address), size: 1_000, state: 'waiting' },
    ])
  })

  it('is said to be damaged when object storage does not have it', async () => {
    const { get, url, remote } = await damaged((bytes) => bytes.slice(0, 500))
    remote.objects.clear()
    const response = await get(url)
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'corrupt' } })
  })
})

it('bytes on this disk of which the index knows nothing are served when their hash is right', async () => {
  const { get, store, blobs, remote, index, kept } = await setUp()
  const { address } = await blobs.write(new Blob(['a reef']))
  remote.faults.offline = true
  const url = contentUrl({ remoteKey: buildRemoteKey({ storeId: store, bucket: 'files', address }), name: 'x' })
  expect(await (await get(url)).text()).toBe('a reef')
  await kept.settled()
  expect(await index.get('contents', address)).toMatchObject({ size: 6 })
})

describe('a file by its id', () => {
  it('has the content, name and type of its record', async () => {
    const { keep, get, index, store } = await setUp()
    const first = await keep('first')
    const url = fileUrl({ storeId: store, fileId: 'id-1', name: 'anything' })
    const MODIFIED = 'Sat, 21 Nov 2026 09:00:00 GMT'
    const row = {
      ...{ id: 'id-1', name: 'now.txt', type: 'text/plain', size: 5, remoteKey: first.remoteKey },
      modifiedAt: Date.parse(MODIFIED),
    }
    await index.write([put('files', row)])
    const response = await get(url)
    expect(await response.text()).toBe('first')
    expect(response.headers.get('content-type')).toBe('text/plain;charset=utf-8')
    expect(response.headers.get('content-disposition')).toMatch('now.txt')
    expect(response.headers.get('cache-control')).toBe('private, no-cache')
    expect(response.headers.get('last-modified')).toBe(MODIFIED)
    expect((await get(url, { headers: { 'if-modified-since': MODIFIED } })).status).toBe(304)

    const second = await keep('second')
    await index.write([put('files', { ...row, size: 6, remoteKey: second.remoteKey })])
    expect(await (await get(url, { headers: { 'if-none-match': `"${first.address}"` } })).text()).toBe('second')
  })

  it.each(['GET', 'HEAD'])('is refused when its record names another size, and its bytes stay: %s', async (method) => {
    const { keep, get, index, store, blobs } = await setUp()
    const { remoteKey, address } = await keep('a reef')
    await index.write([put('files', { id: 'lure', name: 'x', type: 'text/plain', size: 1, remoteKey })])
    const response = await get(fileUrl({ storeId: store, fileId: 'lure', name: 'x' }), { method })
    expect(response.status).toBe(502)
    if (method === 'GET') expect(await response.json()).toMatchObject({ error: { code: 'size_mismatch' } })
    expect((await blobs.open(address))?.size).toBe(6)
  })

  it('whose record names a content of another store is refused, with and without its bytes on this disk', async () => {
    const { keep, get, index, store, remote } = await setUp()
    const { address } = await keep('a reef')
    for (const [id, theirs] of [
      ['here', address],
      ['elsewhere', (await hashContent(new Blob(['other']).stream())).address],
    ] as const) {
      const remoteKey = buildRemoteKey({ storeId: 'lagoon', bucket: 'files', address: theirs })
      await index.write([put('files', { id, name: 'x', type: 'text/plain', size: 6, remoteKey })])
      const response = await get(fileUrl({ storeId: store, fileId: id, name: 'x' }))
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: { code: 'bad_key' } })
    }
    expect(remote.gets).toBe(0)
  })

  it('that nobody knows is not found', async () => {
    const { get, store } = await setUp()
    expect((await get(fileUrl({ storeId: store, fileId: 'nobody', name: 'x' }))).status).toBe(404)
  })
})

describe('a file that is not on this disk', () => {
  it('comes from object storage, and is kept: disk, index and tabs', async () => {
    const { store, get, index, blobs, kept } = await setUp()
    const { url, bytes, address, digests } = await kept.inObjectStore(noise(2 * PART_SIZE + 5))
    const remoteKey = buildRemoteKey({ storeId: store, bucket: 'files', address })
    const told = listen(store)
    const response = await get(url)
    expect([response.status, response.headers.get('content-length')]).toEqual([200, String(bytes.length)])
    expect(await sha(await response.bytes())).toBe(await sha(bytes))
    await kept.settled()
    expect(await sha(await (await blobs.open(address))!.bytes())).toBe(await sha(bytes))
    expect(await index.get('contents', address)).toMatchObject({
      size: bytes.length,
      digests,
      storedAs: [remoteKey],
    })
    await expect.poll(() => told.at(-1)).toEqual({ remoteKey, activity: null, downloaded: true })
    expect(told[0]?.activity).toMatchObject({ direction: 'download', total: bytes.length })
    expect(told.filter(({ downloaded }) => downloaded)).toHaveLength(1)
  })

  it('is fetched once for all who ask at the same time', async () => {
    const { get, remote, kept } = await setUp()
    const { url, bytes } = await kept.inObjectStore(noise(100_000))
    const wanted = await sha(bytes)
    const all = await Promise.all(Array.from({ length: 5 }, async () => sha(await (await get(url)).bytes())))
    expect(all).toEqual(Array(5).fill(wanted))
    expect(remote.gets).toBe(1)
  })

  it('holds up nobody when one reader stands still', async () => {
    const { get, kept } = await setUp()
    const { url, bytes } = await kept.inObjectStore(noise(3 * PART_SIZE))
    const slow = (await get(url)).body!.getReader()
    const first = (await slow.read()).value!
    const fast = await (await get(url)).bytes()
    expect(await sha(fast)).toBe(await sha(bytes))
    // The slow one goes on from disk, where the bytes it missed are.
    const pieces: Uint8Array<ArrayBuffer>[] = [first]
    for (let read = await slow.read(); !read.done; read = await slow.read()) pieces.push(read.value)
    expect(await sha(await new Blob(pieces).bytes())).toBe(await sha(bytes))
  })

  it('is answered in ranges, exactly, while it comes', async () => {
    const { get, kept } = await setUp()
    const { url, bytes } = await kept.inObjectStore(noise(PART_SIZE + 1000))
    const playing = await get(url, { headers: { range: 'bytes=0-' } })
    expect([playing.status, playing.headers.get('content-range')]).toEqual([
      206,
      `bytes 0-${bytes.length - 1}/${bytes.length}`,
    ])
    const tail = await get(url, { headers: { range: 'bytes=-500' } })
    expect(tail.status).toBe(206)
    expect(await tail.bytes()).toEqual(bytes.slice(-500))
    expect(await sha(await playing.bytes())).toBe(await sha(bytes))
  })

  it('ends with its last reader, and goes on from the parts on disk', async () => {
    const { get, index, remote, kept, blobs } = await setUp()
    const { url, bytes, address } = await kept.inObjectStore(noise(2 * PART_SIZE))
    const response = await get(url)
    const reader = response.body!.getReader()
    for (let got = 0; got <= PART_SIZE;) got += (await reader.read()).value!.length
    await reader.cancel()
    await kept.settled()
    expect(await blobs.parts(address)).toContain(1)
    expect(await index.get('contents', address)).toBeUndefined()
    expect(await sha(await (await get(url)).bytes())).toBe(await sha(bytes))
    expect(remote.ranges.filter((range) => range.startsWith('bytes=0-'))).toHaveLength(1)
  })

  it('whose bytes were tampered with breaks off, and is not kept', async () => {
    const { get, index, remote, kept, blobs } = await setUp()
    const { url, address } = await kept.inObjectStore(noise(1000))
    remote.faults.tamper = (bytes) => bytes.map((byte) => byte ^ 1)
    await expect((await get(url)).bytes()).rejects.toThrow()
    await kept.settled()
    expect(await blobs.open(address)).toBeUndefined()
    expect(await index.get('contents', address)).toBeUndefined()
    // Nothing of it sticks: the next one gets the right bytes.
    remote.faults.tamper = undefined
    expect((await (await get(url)).bytes()).length).toBe(1000)
  })

  it('is told of by HEAD, and not fetched', async () => {
    const { get, kept, blobs } = await setUp()
    const { url, address } = await kept.inObjectStore(noise(1000))
    const response = await get(url, { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '1000'])
    await kept.settled()
    expect(await blobs.parts(address)).toEqual([])
  })

  it.each([
    ['nobody is signed in', 403, 'forbidden', async (device: Device) => device.signOut()],
    ['there is no network', 504, 'offline', async ({ remote }: Device) => void (remote.faults.offline = true)],
    ['the signer refuses', 403, 'forbidden', async ({ remote }: Device) => void (remote.faults.refuse = 'forbidden')],
    [
      'the token is refused',
      401,
      'unauthenticated',
      async ({ remote }: Device) => void (remote.faults.refuse = 'unauthenticated'),
    ],
    ['it was lost', 404, 'not_found', async ({ remote }: Device) => remote.objects.clear()],
  ])('is an error that says why when %s', async (_what, status, code, breakIt) => {
    const device = await setUp()
    const { url } = await device.kept.inObjectStore(noise(1000))
    await breakIt(device)
    const response = await device.get(url)
    expect(response.status).toBe(status)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({ error: { code, message: expect.stringMatching(/\w+ \w+/) } })
  })

  it('is noted for the leading tab when object storage lacks it', async () => {
    const { kept, get, remote, index } = await setUp()
    const { url, address } = await kept.inObjectStore(noise(1000))
    remote.objects.clear()
    expect((await get(url)).status).toBe(404)
    await kept.settled()
    expect(await index.getAll('suspects')).toMatchObject([
      { remoteKey: expect.stringContaining(address), state: 'checking', misses: 0 },
    ])
  })
})

describe('what is not served', () => {
  it.each(['script', 'worker', 'sharedworker', 'serviceworker', 'style', 'manifest', 'object', 'embed'])(
    'anything that loads as %s',
    async (destination) => {
      const { keep, get } = await setUp()
      const response = await get((await keep('alert(1)')).url({ name: 'a.js', type: 'text/javascript' }), {
        destination,
      })
      expect(response.status).toBe(403)
      expect(await response.text()).not.toMatch('alert')
    },
  )

  it.each(['POST', 'PUT', 'DELETE'])('%s', async (method) => {
    const { keep, get } = await setUp()
    const response = await get((await keep('a reef')).url(), { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('a store that this device does not have, and nothing is made of it', async () => {
    const { get } = await setUp()
    expect((await get(fileUrl({ storeId: 'never-opened', fileId: 'x', name: 'x' }))).status).toBe(404)
    expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain('rockpool-never-opened')
    const root = await navigator.storage.getDirectory()
    for await (const name of root.keys()) expect(name).not.toMatch('never-opened')
  })

  it('a URL that is none', async () => {
    const { get } = await setUp()
    expect((await get('/rockpool/elsewhere')).status).toBe(404)
  })
})

it('a store that a page erased and opened again is served again', async () => {
  const { keep, get, index, blobs, store } = await setUp()
  const reef = await keep('a reef')
  expect((await get(reef.url())).status).toBe(200)
  const session = (await index.get('session', 'session'))!
  await index.erase()
  await blobs.erase()
  expect((await get(fileUrl({ storeId: store, fileId: 'x', name: 'x' }))).status).toBe(404)
  const again = await indexedDbIndex({ storeId: store })
  onTestFinished(() => again.erase())
  const newBlobs = await opfsBlobStoreDirect({ storeId: store })
  onTestFinished(() => newBlobs.erase())
  const content = await newBlobs.write(new Blob(['anew']))
  const { address } = content
  const row = {
    id: 'id-1',
    name: 'x',
    type: 'text/plain',
    size: 4,
    remoteKey: buildRemoteKey({ storeId: store, bucket: 'files', address }),
  }
  await again.write([put('session', session), put('files', row), contentRow(content, Date.now())])
  expect(await (await get(fileUrl({ storeId: store, fileId: 'id-1', name: 'x' }))).text()).toBe('anew')
})
