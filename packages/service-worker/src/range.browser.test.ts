/** Ranges of files that are not on this device. */
import { buildRemoteKey, fileUrl, PART_SIZE } from '@rockpool/protocol'
import { put } from '@rockpool/core'
import { expect, it } from 'vitest'
import type { RangePolicy } from './downloads.ts'
import { type Device, noise, setUp, sha } from './test-support/device.ts'

/** Content of three parts in the object store, with one wrong byte if told so. */
const withContent = async (ranges?: RangePolicy, wrongByteAt?: number) => {
  const device = await setUp(ranges)
  const content = await device.kept.inObjectStore(noise(2 * PART_SIZE + 1_000_000))
  const { bytes, address } = content
  if (wrongByteAt !== undefined) {
    const remoteKey = buildRemoteKey({ storeId: device.store, bucket: 'files', address })
    const wrong = new Blob([bytes.map((byte, at) => (at === wrongByteAt ? byte ^ 1 : byte))])
    device.remote.objects.set(remoteKey, { bytes: wrong, type: '' })
  }
  const range = (from: number, to: number) => device.get(content.url, { headers: { range: `bytes=${from}-${to - 1}` } })
  return { ...device, ...content, range }
}

const requested = ({ remote }: Pick<Device, 'remote'>) => ({ gets: remote.gets, ranges: remote.ranges })

it('a slice is one request for its bytes, and says that it is not verified', async () => {
  const device = await withContent()
  const response = await device.range(9_000_000, 9_000_100)
  expect([response.status, response.headers.get('content-range'), response.headers.get('rockpool-verified')]).toEqual([
    206,
    `bytes 9000000-9000099/${device.bytes.length}`,
    'no',
  ])
  expect(await response.bytes()).toEqual(device.bytes.slice(9_000_000, 9_000_100))
  expect(requested(device)).toEqual({ gets: 1, ranges: ['bytes=9000000-9000099'] })
  await device.kept.settled()
  expect(await device.blobs.parts(device.address)).toEqual([])
})

it('parts that were read whole are verified, kept, and read from disk the next time', async () => {
  const device = await withContent()
  const response = await device.range(PART_SIZE, 2 * PART_SIZE)
  expect(response.headers.get('rockpool-verified')).toBeNull()
  expect(await sha(await response.bytes())).toBe(await sha(device.bytes.slice(PART_SIZE, 2 * PART_SIZE)))
  await device.kept.settled()
  expect(await device.blobs.parts(device.address)).toEqual([2])
  device.remote.faults.offline = true
  const again = await device.range(PART_SIZE + 5, PART_SIZE + 9)
  expect(again.headers.get('rockpool-verified')).toBeNull()
  expect(await again.bytes()).toEqual(device.bytes.slice(PART_SIZE + 5, PART_SIZE + 9))
})

it('a range that brings the last missing part makes the file whole on this device', async () => {
  const device = await withContent()
  for (const [from, to] of [
    [0, PART_SIZE],
    [PART_SIZE, device.bytes.length],
  ] as const) {
    await (await device.range(from, to)).bytes()
    await device.kept.settled()
  }
  expect(await device.index.get('contents', device.address)).toMatchObject({ size: device.bytes.length })
  device.remote.faults.offline = true
  expect(await sha(await (await device.get(device.url)).bytes())).toBe(await sha(device.bytes))
})

it('a range with a whole part that has a wrong byte ends in an error, and nothing of it is kept', async () => {
  const device = await withContent({}, PART_SIZE + 50)
  const response = await device.range(PART_SIZE - 10, 2 * PART_SIZE + 10)
  expect(response.status).toBe(206)
  await expect(response.bytes()).rejects.toThrow()
  await device.kept.settled()
  expect(await device.blobs.parts(device.address)).toEqual([])
})

it('with verify "always" a slice of a part that has a wrong byte ends in an error', async () => {
  const device = await withContent({ verify: 'always' }, PART_SIZE + 50)
  const wrong = await device.range(PART_SIZE, PART_SIZE + 100)
  expect([wrong.status, wrong.headers.get('rockpool-verified')]).toEqual([206, null])
  await expect(wrong.bytes()).rejects.toThrow()
  const right = await device.range(100, 200)
  expect(await right.bytes()).toEqual(device.bytes.slice(100, 200))
})

it('with fill "none" nothing stays on this device', async () => {
  const device = await withContent({ fill: 'none' })
  await (await device.range(0, PART_SIZE)).bytes()
  await device.kept.settled()
  expect(await device.blobs.parts(device.address)).toEqual([])
})

it('with fill "all" the rest of the file comes in the background', async () => {
  const device = await withContent({ fill: 'all' })
  const response = await device.range(9_000_000, 9_000_100)
  await response.body!.cancel()
  await device.kept.settled()
  expect(await sha(await (await device.blobs.open(device.address))!.bytes())).toBe(await sha(device.bytes))
})

it('joins a download that has come as far', async () => {
  const device = await withContent()
  const playing = (await device.get(device.url)).body!.getReader()
  for (let got = 0; got < PART_SIZE;) got += (await playing.read()).value!.length
  const { gets } = device.remote
  const response = await device.range(10, 20)
  expect(await response.bytes()).toEqual(device.bytes.slice(10, 20))
  expect(device.remote.gets).toBe(gets)
  await playing.cancel()
  await device.kept.settled()
})

it('a small file comes whole, so that its range is verified and the file kept', async () => {
  const device = await setUp()
  const { url, bytes, address } = await device.kept.inObjectStore(noise(500_000))
  const response = await device.get(url, { headers: { range: 'bytes=10-19' } })
  expect([response.status, response.headers.get('rockpool-verified')]).toEqual([206, null])
  expect(await response.bytes()).toEqual(bytes.slice(10, 20))
  await device.kept.settled()
  expect(await device.blobs.parts(address)).toEqual([1])
})

it.each([
  ['a size that its content does not have', 2 * PART_SIZE + 999_999, 502],
  ['a size that no content of its address has', 5, 502],
  ['the right size', 2 * PART_SIZE + 1_000_000, 206],
])('a range of a file whose record lists %s is %s %i', async (_, size, status) => {
  const device = await withContent()
  const remoteKey = buildRemoteKey({ storeId: device.store, bucket: 'files', address: device.address })
  await device.index.write([put('files', { id: 'file', name: 'x', type: '', size, remoteKey })])
  const url = fileUrl({ storeId: device.store, fileId: 'file', name: 'x' })
  const response = await device.get(url, { headers: { range: 'bytes=5-9' } })
  expect(response.status).toBe(status)
  await response.body!.cancel()
})

it.each([
  ['nobody is signed in', 403, async (device: Device) => void (await device.signOut())],
  ['there is no network', 504, ({ remote }: Device) => void (remote.faults.offline = true)],
  ['it was lost', 404, ({ remote }: Device) => remote.objects.clear()],
])('a range is an error when %s', async (_, status, breakIt) => {
  const device = await withContent()
  await breakIt(device)
  expect((await device.range(9_000_000, 9_000_100)).status).toBe(status)
  await device.kept.settled()
  expect((await device.index.getAll('suspects')).length).toBe(status === 404 ? 1 : 0)
})

it('a range behind the end is 416', async () => {
  const device = await withContent()
  const { length } = device.bytes
  const response = await device.range(length, length + 1)
  expect([response.status, response.headers.get('content-range')]).toEqual([416, `bytes */${length}`])
})
