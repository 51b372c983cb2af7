/** Gate, decoder and engine: whatever the engine makes is taken, and whatever is taken decodes the same everywhere. */
import { checkEvent, type Pusher } from '@rockpool/access'
import { poolArgs } from '@rockpool/access/testing'
import {
  checkContent,
  checkMeta,
  checkName,
  checkPath,
  decodeEvent,
  EVENT_NAMES,
  type FileMeta,
  MAX_TIME,
  packMeta,
  type PoolEventName,
  unpackMeta,
} from '@rockpool/core/records'
import {
  addressFits,
  buildRemoteKey,
  type Buckets,
  type ContentAddress,
  isMediaType,
  MAX_CONTENT_SIZE,
  ownerOf,
  partCount,
} from '@rockpool/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'

const STORE = 'shop'
const BUCKETS: Buckets = {
  files: { access: 'store' },
  posters: { access: 'public', types: ['image/*'], maxSize: 1_000_000 },
  inbox: { access: 'owner' },
}
const owner = await ownerOf('ada')
const PUSHER: Pusher = {
  claims: { sub: 'ada', stores: { [STORE]: ['read', 'write', 'delete'] } },
  owner,
  storeId: STORE,
  buckets: BUCKETS,
}

const hex = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''))
const size = fc.oneof(fc.nat({ max: 20_000_000 }), fc.nat({ max: MAX_CONTENT_SIZE }))
const bucket = fc.constantFrom(...Object.keys(BUCKETS))
const type = fc.oneof(fc.constantFrom('image/png', 'text/plain; charset="a b"', 'image/svg+xml'), fc.string())
const name = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 80 }))
const path = fc.oneof(fc.constantFrom('fish/reef.jpg', 'ünï/𝄞.png'), fc.string({ unit: 'grapheme', maxLength: 80 }))
const meta = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 40 }))
const at = fc.nat({ max: MAX_TIME })

/** A remote key as the engine builds it for content of this size. */
const remoteKey = (address: string, bytes: number, bucketName: string) =>
  buildRemoteKey({
    storeId: STORE,
    bucket: bucketName,
    owner: BUCKETS[bucketName]!.access === 'owner' ? owner : undefined,
    address: `${address}${partCount(bytes) > 1 ? `-${partCount(bytes)}` : ''}` as ContentAddress,
  })

/** Events that pass the engine's own checks, as they travel. */
const engineEvent = fc
  .record({
    event: fc.constantFrom(...EVENT_NAMES),
    opId: fc.uuid(),
    id: fc.uuid(),
    hex,
    size,
    bucket,
    type,
    name,
    path,
    meta,
    at,
  })
  .filter(
    (any) =>
      !checkName(any.name.normalize('NFC')) &&
      !checkPath(any.path.normalize('NFC')) &&
      !checkMeta(any.meta as FileMeta) &&
      !checkContent({ type: any.type, size: any.size, bucket: any.bucket }, BUCKETS),
  )
  .map(({ event, hex, bucket, name, path, meta, ...any }) => {
    const key = remoteKey(hex, any.size, bucket)
    const all: Record<string, unknown> = {
      ...any,
      name: name.normalize('NFC'),
      path: path.normalize('NFC'),
      // As the engine keeps it: what JSON has no word for is gone.
      meta: JSON.parse(JSON.stringify(meta)),
      remoteKey: key,
      basedOn: key,
    }
    const fields = Object.keys(poolArgs(STORE)[event]).filter((field) => Object.hasOwn(all, field))
    const args = Object.fromEntries(fields.map((field) => [field, all[field]]))
    return { name: event, args: JSON.parse(JSON.stringify(packMeta(args))) as Record<string, unknown> }
  })

it('takes every event that passes the checks of the engine', () => {
  fc.assert(
    fc.property(engineEvent, (event) => {
      expect(checkEvent(PUSHER, event)).toBeUndefined()
    }),
    { numRuns: 2_000 },
  )
})

/** Values that are close to good ones, and others. */
const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('', '\0', '\ud800', 'x'.repeat(129), 'x'.repeat(1_025), '.', 'a/b'),
)
const oddNumber = fc.oneof(
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(-0, -1, MAX_TIME, MAX_TIME + 1, MAX_CONTENT_SIZE + 1, Number.MAX_SAFE_INTEGER + 1),
)
const oddValue = fc.oneof(oddText, oddNumber, fc.jsonValue({ maxDepth: 5 }), fc.constant(undefined))
const FIELDS = [
  'opId',
  'id',
  'name',
  'type',
  'size',
  'remoteKey',
  'basedOn',
  'meta',
  'at',
  'etag',
  'versionId',
  'owner',
  'path',
]

/** An event of the engine with an odd field, under another name, or with any args. */
const anyEvent = fc
  .oneof(
    fc
      .record({ event: engineEvent, odd: fc.dictionary(fc.constantFrom(...FIELDS), oddValue, { maxKeys: 1 }) })
      .map(({ event, odd }) => ({ name: event.name, args: { ...event.args, ...odd } })),
    fc
      .record({ name: fc.constantFrom(...EVENT_NAMES), event: engineEvent })
      .map(({ name, event: { args } }) => ({ name, args })),
    fc.record({ name: fc.constantFrom(...EVENT_NAMES), args: fc.jsonValue() }),
  )
  .map((event) => JSON.parse(JSON.stringify(event)) as { readonly name: PoolEventName; readonly args?: unknown })

it('takes only events that every client decodes, to the values that were pushed', () => {
  let taken = 0
  fc.assert(
    fc.property(anyEvent, (event) => {
      if (checkEvent(PUSHER, event) !== undefined) return
      taken++
      const unpacked = unpackMeta(event.args) as Record<string, unknown>
      const decoded = decodeEvent(event.name, unpacked)
      expect(decoded).toBeDefined()
      const { opId, args } = decoded!
      expect(opId).toBe(unpacked.opId)
      for (const [field, value] of Object.entries(args)) expect(value).toEqual(unpacked[field])
      if ('size' in args) {
        expect(isMediaType(args.type)).toBe(true)
        expect(addressFits(args.remoteKey.split('/').at(-1) as ContentAddress, args.size)).toBe(true)
      }
    }),
    { numRuns: 3_000 },
  )
  expect(taken).toBeGreaterThan(300)
})
