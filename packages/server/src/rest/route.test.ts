import { describe, expect, it } from 'vitest'
import { parseCall } from './route.ts'

const place = { bucket: 'files', path: 'fish/reef.jpg' }

describe('parseCall', () => {
  it.each<[string, string, object]>([
    ['GET', '/bucket', { call: 'listBuckets' }],
    ['POST', '/bucket', { call: 'createBucket' }],
    ['GET', '/usage', { call: 'readUsage' }],
    ['GET', '/objects', { call: 'listObjects' }],
    ['GET', '/events', { call: 'readEvents' }],
    ['GET', '/object/files/fish/reef.jpg', { call: 'readObject', ...place }],
    ['HEAD', '/object/files/fish/reef.jpg', { call: 'readObject', ...place }],
    ['POST', '/object/files/fish/reef.jpg', { call: 'writeObject', ...place }],
    ['DELETE', '/object/files/fish/reef.jpg', { call: 'deleteObject', ...place }],
    ['POST', '/object/sign/files/fish/reef.jpg', { call: 'signObject', ...place }],
    ['POST', '/object/release/files/fish/reef.jpg', { call: 'releaseObject', ...place }],
    ['GET', '/object/sign/files/fish/reef.jpg', { call: 'readSigned', ...place }],
    ['GET', '/object/files/a%20b%3F%2Fc', { call: 'readObject', bucket: 'files', path: 'a b?/c' }],
    ['GET', '/object/files/re%CC%81cif', { call: 'readObject', bucket: 'files', path: 'r\u00e9cif' }],
  ])('%s %s', (method, path, call) => expect(parseCall(method, `/storage/v1${path}`)).toEqual(call))

  it.each([
    ['GET', ''],
    ['GET', '/buckets'],
    ['POST', '/objects'],
    ['PUT', '/object/files/reef.jpg'],
    ['DELETE', '/object/sign/files/reef.jpg'],
    ['constructor', '/object/files/reef.jpg'],
  ])('%s %s is no call', (method, path) => {
    expect(() => parseCall(method, `/storage/v1${path}`)).toThrow(expect.objectContaining({ code: 'not_found' }))
  })

  it.each([
    ['no path', '/object/files'],
    ['an empty path', '/object/files/'],
    ['no bucket', '/object//reef.jpg'],
    ['a bucket that has no such name', '/object/my.files/reef.jpg'],
    ['a path out of its bucket', '/object/files/..%2F..%2Freef.jpg'],
    ['an encoding that is not UTF-8', '/object/files/%E0%A4%A'],
    ['a name of 256 bytes', `/object/files/${'x'.repeat(256)}`],
    ['a blank name', '/object/files/fish/%20'],
  ])('refuses %s', (_, path) => {
    expect(() => parseCall('GET', `/storage/v1${path}`)).toThrow(expect.objectContaining({ code: 'bad_request' }))
  })
})
