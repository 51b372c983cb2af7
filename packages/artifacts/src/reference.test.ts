import { describe, expect, test } from 'vitest'
import { keyOfUri, parseArtifactRef } from './reference.ts'

const ID = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77'
const KEY = `requests/${ID}/input/original.mp4`
const HASH = 'ab'.repeat(32)
const REF = { uri: `s3://fave-artifacts/${KEY}`, key: KEY, size: 9_000_000, type: 'video/mp4', address: `${HASH}-2` }

describe('parseArtifactRef', () => {
  test('returns a reference that went through JSON, without other fields', () => {
    expect(parseArtifactRef(JSON.parse(JSON.stringify({ ...REF, more: 1 })))).toEqual(REF)
  })

  test.for([
    ['null', null],
    ['a URI', REF.uri],
    ['without a key', { ...REF, key: undefined }],
    ['a key outside the grammar', { ...REF, key: 'reef/files/x', uri: 's3://fave-artifacts/reef/files/x' }],
    ['the URI of another key', { ...REF, uri: `s3://fave-artifacts/${KEY}.txt` }],
    ['another scheme', { ...REF, uri: `https://fave-artifacts/${KEY}` }],
    ['no address', { ...REF, address: 'abc' }],
    ['an address of another size', { ...REF, address: HASH }],
    ['a negative size', { ...REF, size: -1 }],
    ['a size in text', { ...REF, size: '9000000' }],
    ['a type with a line break', { ...REF, type: 'video/mp4\r\nx: y' }],
  ] as const)('refuses %s', ([, value]) => {
    expect(() => parseArtifactRef(value)).toThrow(expect.objectContaining({ code: 'bad_reference' }))
  })
})

describe('keyOfUri', () => {
  test('is the key in its own S3 bucket', () => {
    expect(keyOfUri('fave-artifacts', REF.uri)).toBe(KEY)
  })

  test.for([
    ['other-bucket', REF.uri, 'other_bucket'],
    ['fave-artifacts', KEY, 'bad_reference'],
    ['fave-artifacts', 's3://fave-artifacts/', 'bad_reference'],
    ['fave-artifacts', `s3://fave-artifacts/requests/${ID}/../x`, 'bad_key'],
  ] as const)('in %s, %s is refused as %3$s', ([bucket, uri, code]) => {
    expect(() => keyOfUri(bucket, uri)).toThrow(expect.objectContaining({ code }))
  })
})
