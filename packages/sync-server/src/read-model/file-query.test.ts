import { describe, expect, it } from 'vitest'
import { memoryDatabase } from '../test-support/memory-database.ts'
import { afterPrefix, type FileQuery, toStatement } from './file-query.ts'

describe('toStatement', () => {
  const { database } = memoryDatabase()
  const planOf = (query: FileQuery) => {
    const { sql, values } = toStatement(query)
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { readonly detail: string }[]
    return plan.map(({ detail }) => detail).join('; ')
  }

  it.each<[string, FileQuery, RegExp]>([
    ['all live files', {}, /SCAN files USING (COVERING )?INDEX files_live;/],
    ['a bucket and a size', { bucket: 'b', size: { min: 1 } }, /SCAN files USING COVERING INDEX files_live;/],
    [
      'an owner, a bucket and a size',
      { ownerId: 'ada', bucket: 'files', size: { max: 9 } },
      /SEARCH files USING COVERING INDEX files_live_by_owner \(ownerId=\? AND bucket=\?\)/,
    ],
    [
      'a page of the same behind a cursor',
      { ownerId: 'ada', bucket: 'files', size: { max: 9 }, cursor: '[5,1]' },
      /SEARCH files USING COVERING INDEX files_live_by_owner \(ownerId=\? AND bucket=\? AND createdAt<\?\)/,
    ],
    ['no owner', { ownerId: null, bucket: 'files' }, /files_live_by_owner \(ownerId=\? AND bucket=\?\)/],
    [
      'what a user may read',
      { readableBy: { ownerId: 'ada', buckets: ['files'], ownBuckets: ['inbox'] }, size: { max: 9 } },
      /SCAN files USING COVERING INDEX files_live;/,
    ],
    [
      'a path',
      { bucket: 'files', path: 'a/b' },
      /USING (COVERING )?INDEX files_live_by_path \(bucket=\? AND path=\?\)/,
    ],
    [
      'what a path begins with',
      { bucket: 'files', pathPrefix: 'a/' },
      /USING (COVERING )?INDEX files_live_by_path \(bucket=\? AND path>\? AND path<\?\)/,
    ],
    ['deleted files', { state: 'deleted' }, /USING INDEX files_deleted/],
  ])('%s: reads an index alone until it knows the page', (_, query, plan) => {
    expect(planOf(query)).toMatch(plan)
  })
})

it.each([
  ['fish/', 'fish0'],
  ['𝄞', '𝄟'],
  ['a\u{d7ff}', 'a\u{e000}'],
  ['a\u{10ffff}', 'b'],
  ['\u{10ffff}', undefined],
  ['', undefined],
])('the first text after those that begin with %j is %j', (prefix, end) => expect(afterPrefix(prefix)).toBe(end))
