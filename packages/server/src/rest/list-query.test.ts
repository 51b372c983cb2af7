import type { Buckets } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { toFileQuery } from './list-query.ts'

const BUCKETS: Buckets = { files: { access: 'store' }, posters: { access: 'public' }, inbox: { access: 'owner' } }
const all = { readableBy: { ownerId: 'ada', buckets: ['files', 'posters'], ownBuckets: ['inbox'] } }
const read = (query: string) => toFileQuery(new URLSearchParams(query), 'ada', BUCKETS)

describe('toFileQuery', () => {
  it.each<[string, object]>([
    ['', all],
    ['bucket=files', { readableBy: { ownerId: 'ada', buckets: ['files'], ownBuckets: [] }, bucket: 'files' }],
    ['bucket=inbox', { readableBy: { ownerId: 'ada', buckets: [], ownBuckets: ['inbox'] }, bucket: 'inbox' }],
    ['owner=me', { ...all, ownerId: 'ada' }],
    ['max_size=0', { ...all, size: { max: 0 } }],
    ['prefix=re%CC%81cif/', { ...all, pathPrefix: 'r\u00e9cif/' }],
    ['prefix=', all],
    ['order=size.asc', { ...all, sort: { by: 'size', direction: 'ascending' } }],
    ['limit=10&cursor=%5B1%2C2%5D', { ...all, limit: 10, cursor: '[1,2]' }],
  ])('%s', (query, expected) => expect(read(query)).toEqual(expected))

  it.each([
    ['buckets=files', 'There is no parameter "buckets"'],
    ['owner=bob', '"owner" can only be "me"'],
    ['max_size=1e3', '"max_size" has to be an integer'],
    ['limit=-1', '"limit" has to be an integer'],
    ['order=constructor', '"order" has to be one of created_at.asc'],
  ])('refuses %s', (query, message) => {
    const error = { code: 'bad_request', message: expect.stringContaining(message) }
    expect(() => read(query)).toThrow(expect.objectContaining(error))
  })

  it('knows the buckets of the configuration alone', () => {
    for (const name of ['none', 'constructor']) {
      expect(() => read(`bucket=${name}`)).toThrow(expect.objectContaining({ code: 'not_found' }))
    }
  })
})
