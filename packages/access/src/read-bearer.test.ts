import { expect, test } from 'vitest'
import { readBearer } from './read-bearer.ts'

test.each([
  ['no header', null, undefined],
  ['an empty header', '', undefined],
  ['a token', 'Bearer a.b.c', 'a.b.c'],
  ['another case of the scheme, and more spaces', 'bearer   a.b.c', 'a.b.c'],
  ['the scheme alone', 'Bearer ', undefined],
  ['another scheme', 'Basic YTpi', undefined],
  ['a token with a space', 'Bearer a b', undefined],
  ['two headers, which Headers joins by a comma', 'Bearer a, Bearer b', undefined],
  ['a token after other text', 'x Bearer a', undefined],
])('reads %s', (_, header, token) => {
  expect(readBearer(header)).toBe(token)
})
