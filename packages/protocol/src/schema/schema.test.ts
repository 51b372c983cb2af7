import { Either, JSONSchema, ParseResult, Schema } from 'effect'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { PART_SIZE } from '../hashing.ts'
import type * as wire from '../wire.ts'
import * as schema from './index.ts'

/** One level of an object type, union by union, with intersections made one. */
type Flat<T> = T extends object ? { [K in keyof T]: T[K] } : T

test('what the schemas decode is what wire.ts says', () => {
  expectTypeOf<Flat<typeof schema.TokenClaims.Type>>().toEqualTypeOf<Flat<wire.TokenClaims>>()
  expectTypeOf<typeof schema.Buckets.Type>().toEqualTypeOf<wire.Buckets>()
  expectTypeOf<typeof schema.BucketRules.Type>().toEqualTypeOf<Flat<wire.BucketRules>>()
  expectTypeOf<typeof schema.SignedRequest.Type>().toEqualTypeOf<Flat<wire.SignedRequest>>()
  expectTypeOf<typeof schema.DownloadUrlRequest.Type>().toEqualTypeOf<Flat<wire.DownloadUrlRequest>>()
  expectTypeOf<typeof schema.DownloadUrlQuery.Type>().toEqualTypeOf<Flat<wire.DownloadUrlRequest>>()
  expectTypeOf<typeof schema.DownloadUrl.Type>().toEqualTypeOf<Flat<wire.DownloadUrl>>()
  expectTypeOf<typeof schema.StoredContent.Type>().toEqualTypeOf<Flat<wire.StoredContent>>()
  expectTypeOf<typeof schema.Stored.Type>().toEqualTypeOf<Flat<wire.Stored>>()
  expectTypeOf<typeof schema.UploadUrlRequest.Type>().toEqualTypeOf<Flat<wire.UploadUrlRequest>>()
  expectTypeOf<Flat<typeof schema.UploadUrl.Type>>().toEqualTypeOf<Flat<wire.UploadUrl>>()
  expectTypeOf<Flat<typeof schema.UploadUrlsRequest.Type>>().toEqualTypeOf<Flat<wire.UploadUrlsRequest>>()
  expectTypeOf<Flat<(typeof schema.UploadUrls.Type.items)[number]>>().toEqualTypeOf<
    Flat<wire.UploadUrls['items'][number]>
  >()
  expectTypeOf<typeof schema.DownloadUrlsRequest.Type>().toEqualTypeOf<Flat<wire.DownloadUrlsRequest>>()
  expectTypeOf<Flat<(typeof schema.DownloadUrls.Type.items)[number]>>().toEqualTypeOf<
    Flat<wire.DownloadUrls['items'][number]>
  >()
  expectTypeOf<typeof schema.MultipartRequest.Type>().toEqualTypeOf<Flat<wire.MultipartRequest>>()
  expectTypeOf<Flat<typeof schema.MultipartUpload.Type>>().toEqualTypeOf<Flat<wire.MultipartUpload>>()
  expectTypeOf<typeof schema.MultipartPartsRequest.Type>().toEqualTypeOf<Flat<wire.MultipartPartsRequest>>()
  type Signed<T> = Extract<T, { readonly parts: unknown }>
  expectTypeOf<Flat<Signed<typeof schema.MultipartParts.Type>['parts'][number]>>().toEqualTypeOf<
    Flat<wire.SignedParts['parts'][number]>
  >()
  expectTypeOf<Exclude<typeof schema.MultipartParts.Type, Signed<typeof schema.MultipartParts.Type>>>().toEqualTypeOf<
    Exclude<wire.MultipartParts, wire.SignedParts>
  >()
  expectTypeOf<typeof schema.MultipartCompleteRequest.Type>().toEqualTypeOf<Flat<wire.MultipartCompleteRequest>>()
  expectTypeOf<typeof schema.MultipartAbortRequest.Type>().toEqualTypeOf<Flat<wire.MultipartAbortRequest>>()
  expectTypeOf<typeof schema.WireErrorResponse.Type>().toEqualTypeOf<Flat<wire.WireErrorResponse>>()
})

const schemas = Object.entries(schema).filter(([, value]) => Schema.isSchema(value)) as [
  string,
  Schema.Schema<unknown>,
][]

test.each(schemas)('%s has a JSON Schema', (_, schema) => {
  expect(JSONSchema.make(schema)).toMatchObject({ $schema: expect.any(String) })
})

const hex = 'ab'.repeat(32)
const one = `store/files/${hex}`
const two = `store/files/${hex}-2`
const size = PART_SIZE + 1
const digests = Buffer.alloc(64, 1).toString('base64')
const uploadId = '2~x'

const where = <A, I>(schema: Schema.Schema<A, I>, value: unknown): string | undefined => {
  const result = ParseResult.decodeUnknownEither(schema)(value)
  if (Either.isRight(result)) return undefined
  return ParseResult.ArrayFormatter.formatIssueSync(result.left)[0]!.path.join('.') || 'whole'
}

test('requestSchemas of another part size judge sizes by it', () => {
  const { UploadUrlRequest, MultipartRequest } = schema.requestSchemas({ partSize: 1024 })
  expect(where(UploadUrlRequest, { key: one, size: 1024, type: 'image/png' })).toBeUndefined()
  expect(where(UploadUrlRequest, { key: one, size: 1025, type: 'image/png' })).toBe('size')
  expect(where(MultipartRequest, { key: two, size: 2048, type: 'image/png', digests })).toBeUndefined()
  expect(where(MultipartRequest, { key: two, size: 2049, type: 'image/png', digests })).toBe('size')
})

describe('requests: the field that is wrong', () => {
  test.each([
    [{ key: one, size: 1, type: 'image/png' }, undefined],
    [{ key: one, size: PART_SIZE, type: 'text/plain; charset=utf-8' }, undefined],
    [{ key: one, size: 1, type: 'image/png', sent: true }, undefined],
    [{ key: one, size: 1, type: 'image/png', sent: 1 }, 'sent'],
    [{ key: one, size: 0, type: '' }, 'type'],
    [{ key: one, size: -1, type: 'image/png' }, 'size'],
    [{ key: one, size: 1.5, type: 'image/png' }, 'size'],
    [{ key: one, size: 2 ** 53, type: 'image/png' }, 'size'],
    [{ key: one, size: '1', type: 'image/png' }, 'size'],
    [{ key: one, size, type: 'image/png' }, 'size'],
    [{ key: two, size, type: 'image/png' }, 'size'],
    [{ key: `${one}-3`, size: PART_SIZE, type: 'image/png' }, 'size'],
    [{ key: '../etc/passwd', size: 1, type: 'image/png' }, 'key'],
    [{ size: 1, type: 'image/png' }, 'key'],
    [null, 'whole'],
    [[], 'whole'],
  ])('UploadUrlRequest %j: %s', (request, field) => {
    expect(where(schema.UploadUrlRequest, request)).toBe(field)
  })

  test.each([
    [{}, undefined],
    [{ uploadId }, undefined],
    [{ uploadId: '' }, 'uploadId'],
    [{ uploadId: 'a b' }, 'uploadId'],
    [{ key: one, size: 1, digests: Buffer.alloc(32).toString('base64') }, 'key'],
    [{ size: PART_SIZE }, 'size'],
    [{ size: 2 * PART_SIZE + 1 }, 'size'],
    [{ digests: Buffer.alloc(96).toString('base64') }, 'digests'],
    [{ digests: Buffer.alloc(63).toString('base64') }, 'digests'],
    [{ digests: '' }, 'digests'],
    [{ digests: digests.replaceAll('B', '*') }, 'digests'],
    [{ digests: Buffer.alloc(32 * 10_001).toString('base64') }, 'digests'],
  ])('MultipartRequest with %j: %s', (patch, field) => {
    const request = { key: two, size, type: 'image/png', digests, ...patch }
    expect(where(schema.MultipartRequest, request)).toBe(field)
  })

  test.each([
    [[1, 2], undefined],
    [[2], undefined],
    [[], 'numbers'],
    [[0], 'numbers.0'],
    [[1, 1], 'numbers'],
    [[3], 'numbers'],
    [[1.5], 'numbers.0'],
    [Array.from({ length: 101 }, (_, i) => i + 1), 'numbers'],
  ])('MultipartPartsRequest for parts %j: %s', (numbers, field) => {
    expect(where(schema.MultipartPartsRequest, { key: two, size, uploadId, digests, numbers })).toBe(field)
  })

  test.each([
    [undefined, undefined],
    [Buffer.alloc(96).toString('base64'), 'digests'],
    [null, 'digests'],
  ])('MultipartPartsRequest with the digests %j: %s', (list, field) => {
    const request = { key: two, size, uploadId, numbers: [1], ...(list !== undefined && { digests: list }) }
    expect(where(schema.MultipartPartsRequest, request)).toBe(field)
  })

  test.each([
    ['complete', schema.MultipartCompleteRequest, { key: two, size, uploadId, digests }, undefined],
    ['complete', schema.MultipartCompleteRequest, { key: two, size: 1, uploadId, digests }, 'size'],
    ['abort', schema.MultipartAbortRequest, { key: two, uploadId }, undefined],
    ['abort', schema.MultipartAbortRequest, { key: two }, 'uploadId'],
    ['batch', schema.UploadUrlsEnvelope, { items: Array.from({ length: 100 }) }, undefined],
    ['batch', schema.UploadUrlsEnvelope, { items: Array.from({ length: 101 }) }, 'items'],
    ['batch', schema.DownloadUrlsRequest, { keys: [one, 'x'] }, 'keys.1'],
    ['batch', schema.DownloadUrlsRequest, { keys: Array.from({ length: 101 }, () => one) }, 'keys'],
  ] as [string, Schema.Schema<unknown>, unknown, string | undefined][])('%s: %s', (_, schema, request, field) => {
    expect(where(schema, request)).toBe(field)
  })

  test('DownloadUrlQuery reads text', () => {
    const decode = Schema.decodeUnknownSync(schema.DownloadUrlQuery)
    expect(decode({ key: one, expiresIn: '60', check: '1', disposition: 'inline', name: 'reef.jpg' })).toEqual({
      key: one,
      expiresIn: 60,
      check: true,
      disposition: 'inline',
      name: 'reef.jpg',
    })
    for (const bad of [
      { expiresIn: '0' },
      { expiresIn: '1e99' },
      { expiresIn: 'x' },
      { check: 'yes' },
      { type: 'x' },
    ]) {
      expect(where(schema.DownloadUrlQuery, { key: one, ...bad })).toBe(Object.keys(bad)[0])
    }
  })
})

describe('access', () => {
  test.each([
    [{ sub: 'ann', stores: { s: ['read', 'write'] }, exp: 1, aud: 'more' }, undefined],
    [{ sub: '', stores: {} }, 'sub'],
    [{ stores: {} }, 'sub'],
    [{ sub: 'ann' }, 'stores'],
    [{ sub: 'ann', stores: ['s'] }, 'stores'],
    [{ sub: 'ann', stores: { s: 'read' } }, 'stores.s'],
    [{ sub: 'ann', stores: { s: ['own'] } }, 'stores.s.0'],
    [{ sub: 'ann', stores: {}, exp: 'never' }, 'exp'],
  ])('TokenClaims %j: %s', (claims, field) => {
    expect(where(schema.TokenClaims, claims)).toBe(field)
  })

  test.each([
    [{ photos: { access: 'store', types: ['image/*', 'application/pdf'], maxSize: 5 } }, undefined],
    [{ photos: {} }, 'photos.access'],
    [{ photos: { access: 'all' } }, 'photos.access'],
    [{ photos: { access: 'store', types: ['*'] } }, 'photos.types.0'],
    [{ photos: { access: 'store', maxSize: -1 } }, 'photos.maxSize'],
    [{ 'a/b': { access: 'store' } }, 'whole'],
  ])('Buckets %j: %s', (buckets, field) => {
    expect(where(schema.Buckets, buckets)).toBe(field)
  })
})

test.each([
  [schema.UploadUrl, { status: 'stored', durable: true, etag: '"x"' }, undefined],
  [schema.UploadUrl, { status: 'put', url: 'https://s3.test/x', headers: { a: 'b' }, expiresAt: 1 }, undefined],
  [schema.UploadUrl, { status: 'put', url: 'https://s3.test/x', expiresAt: 1 }, 'headers'],
  [schema.MultipartUpload, { uploadId, partSize: PART_SIZE, uploaded: [1] }, undefined],
  [schema.UploadUrl, { status: 'put', url: 'u', headers: {}, expiresAt: 1, confirm: true }, undefined],
  [schema.MultipartParts, { parts: [{ number: 1, url: 'u', headers: {} }], expiresAt: 1 }, undefined],
  [schema.MultipartParts, { status: 'digests_needed' }, undefined],
  [schema.MultipartParts, { parts: [{ number: 1, url: 'u', headers: {} }] }, 'status'],
  [schema.WireErrorResponse, { error: { code: 'forbidden', message: 'Ask.' } }, undefined],
  [schema.WireErrorResponse, { error: { code: 'teapot', message: 'Ask.' } }, 'error.code'],
  [
    schema.DownloadUrls,
    { items: [{ url: 'u', expiresAt: 1 }, { error: { code: 'bad_key', message: 'm' } }] },
    undefined,
  ],
] as [Schema.Schema<unknown>, unknown, string | undefined][])('answer %#', (schema, answer, field) => {
  expect(where(schema, answer)).toBe(field)
})
