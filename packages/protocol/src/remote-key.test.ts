import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ContentAddress } from './content-address.ts'
import {
  addressOfKey,
  buildRemoteKey,
  contentKeyOf,
  isStoreId,
  type Owner,
  ownerOf,
  parseRemoteKey,
  partsKey,
  RESERVED_STORE_IDS,
} from './remote-key.ts'

const HEX = 'a1'.repeat(32)
const OWNER = `u_${'x'.repeat(32)}`

describe('parseRemoteKey', () => {
  test.each([
    [`s/files/${HEX}`, { storeId: 's', bucket: 'files', owner: undefined, address: HEX }],
    [`s/files/${HEX}-2`, { storeId: 's', bucket: 'files', owner: undefined, address: `${HEX}-2` }],
    [`s/files/${OWNER}/${HEX}`, { storeId: 's', bucket: 'files', owner: OWNER, address: HEX }],
    [`s/${HEX}`, { storeId: 's', bucket: undefined, owner: undefined, address: HEX }],
    [`A-_9/${HEX}/${HEX}`, { storeId: 'A-_9', bucket: HEX, owner: undefined, address: HEX }],
  ])('%s', (key, parts) => {
    expect(parseRemoteKey(key)).toEqual(parts)
  })

  test.each([
    '',
    '/',
    HEX,
    `/${HEX}`,
    `/files/${HEX}`,
    `s//${HEX}`,
    `s/files/${HEX}/`,
    `/s/files/${HEX}`,
    `s/files/${HEX}-1`,
    `s/${HEX}-2`,
    `s/../${HEX}`,
    `./files/${HEX}`,
    `s/fi.les/${HEX}`,
    `s/fi%2Fles/${HEX}`,
    `s/fi les/${HEX}`,
    `s/fı/${HEX}`,
    `s\u0000/files/${HEX}`,
    `s/files/${HEX}\n`,
    `s\n/files/${HEX}`,
    `s/files\\${HEX}`,
    `${'s'.repeat(129)}/files/${HEX}`,
    `s/${'b'.repeat(129)}/${HEX}`,
    `s/files/someone/${HEX}`,
    `s/files/${OWNER}x/${HEX}`,
    `s/files/${OWNER}/${OWNER}/${HEX}`,
    `s/files/${HEX}.parts`,
    `s/files/${HEX.toUpperCase()}`,
    's/'.repeat(500_000) + HEX,
    ...[...RESERVED_STORE_IDS].map((storeId) => `${storeId}/files/${HEX}`),
  ])('%j is none', (key) => {
    expect(parseRemoteKey(key)).toBeUndefined()
  })

  test('never throws, and takes only what buildRemoteKey builds, or the legacy form', () => {
    const segment = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[A-Za-z0-9_-]{0,130}$/),
      fc.constantFrom(HEX, OWNER, 'gc'),
    )
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        const key = segments.join('/')
        const parts = parseRemoteKey(key)
        if (!parts) return
        const { storeId, bucket, owner, address } = parts
        if (bucket === undefined) expect(key).toBe(`${storeId}/${address}`)
        else expect(buildRemoteKey({ storeId, bucket, owner, address })).toBe(key)
      }),
      { numRuns: 500 },
    )
  })
})

describe('buildRemoteKey', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/)
  const address = fc
    .tuple(fc.stringMatching(/^[0-9a-f]{64}$/), fc.option(fc.integer({ min: 2, max: 10_000 }), { nil: undefined }))
    .map(([hex, parts]) => (parts === undefined ? hex : `${hex}-${parts}`) as ContentAddress)
  const owner = fc.option(
    fc.stringMatching(/^u_[A-Za-z0-9_-]{32}$/).map((text) => text as Owner),
    { nil: undefined },
  )

  test('and parseRemoteKey undo each other', () => {
    fc.assert(
      fc.property(name.filter(isStoreId), name, owner, address, (storeId, bucket, owner, address) => {
        const key = buildRemoteKey({ storeId, bucket, owner, address })
        expect(parseRemoteKey(key)).toEqual({ storeId, bucket, owner, address })
        expect(addressOfKey(key)).toBe(address)
      }),
    )
  })

  test.each([
    { storeId: 'gc', bucket: 'files' },
    { storeId: '', bucket: 'files' },
    { storeId: 's', bucket: '' },
    { storeId: 's', bucket: 'a/b' },
    { storeId: 's/x', bucket: 'files' },
    { storeId: 's', bucket: 'files', owner: 'me' as Owner },
  ])('%j: bad_key', (parts) => {
    expect(() => buildRemoteKey({ ...parts, address: HEX as ContentAddress })).toThrow(
      expect.objectContaining({ code: 'bad_key' }),
    )
  })
})

test.each([
  // printf '%s' "$sub" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | cut -c1-32
  ['', 'u_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NM'],
  ['user@example.com', 'u_tMmiiTI7IaAcPpQPFQ65uMVCWH8av9jw'],
  ['Größe', 'u_rtw_gJiaZUaWJwWFKy9KSB29HkkHYGk1'],
])('the owner segment of %j', async (sub, owner) => {
  expect(await ownerOf(sub)).toBe(owner)
  expect(parseRemoteKey(`s/mine/${owner}/${HEX}`)?.owner).toBe(owner)
})

test('the digest list of content is at <key>.parts', () => {
  expect(partsKey(`s/files/${HEX}-2`)).toBe(`s/files/${HEX}-2.parts`)
})

test.each([
  [`s/files/${HEX}-2.parts`, `s/files/${HEX}-2`],
  [`s/files/${HEX}-2`, `s/files/${HEX}-2`],
  [`s/files/${HEX}-2.parts.parts`, `s/files/${HEX}-2.parts`],
  ['s/a.parts/b', 's/a.parts/b'],
  ['s/parts', 's/parts'],
  ['.parts', ''],
  ['', ''],
])('the content of the object %j is at %j', (key, expected) => {
  expect(contentKeyOf(key)).toBe(expected)
})
