import { expect, test } from 'vitest'
import { isFetchCurrent } from './is-fetch-current.ts'

const [FIRST, SECOND] = [{ version: 1 }, { version: 2 }]
const NONE = undefined

test.each([
  { name: 'an object of S3', pendingBefore: NONE, pending: NONE, isInS3: true, compared: true, current: true },
  {
    name: 'one deleted on both sides',
    pendingBefore: NONE,
    pending: NONE,
    isInS3: false,
    compared: true,
    current: false,
  },
  { name: 'one never compared', pendingBefore: NONE, pending: NONE, isInS3: false, compared: false, current: true },
  { name: 'one changed since', pendingBefore: NONE, pending: FIRST, isInS3: true, compared: true, current: false },
  {
    name: 'one changed since, never compared',
    pendingBefore: NONE,
    pending: FIRST,
    isInS3: false,
    compared: false,
    current: false,
  },
  {
    name: 'one changed before only',
    pendingBefore: FIRST,
    pending: FIRST,
    isInS3: true,
    compared: true,
    current: true,
  },
  {
    name: 'one changed before and since',
    pendingBefore: FIRST,
    pending: SECOND,
    isInS3: true,
    compared: true,
    current: false,
  },
  {
    name: 'one whose change was replicated since',
    pendingBefore: FIRST,
    pending: NONE,
    isInS3: true,
    compared: true,
    current: false,
  },
])('$name: $current', ({ current, ...fetch }) => {
  expect(isFetchCurrent(fetch)).toBe(current)
})
