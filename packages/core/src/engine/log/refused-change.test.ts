import { type Owner, RockpoolError } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import type { RefusedChange } from '../../pool.ts'
import type { PoolEvent } from '../../records/events.ts'
import { eventMaker } from '../../testing/sample-events.ts'
import { editedEvent, errorOfRefused, refusedChange, rightFor, statusOfRefused } from './refused-change.ts'

const make = eventMaker('store', 'op')
const buckets = { files: { access: 'store', types: ['image/*'] } } as const
const options = { buckets, opId: 'edited', owner: undefined }

const added = make.added('f1')
const renamed = make.renamed('f1', 'a/b')

test.each([
  ['an added file, as it was', added, {}, added],
  ['an added file, with nothing given', added, { name: undefined }, added],
  [
    'an added file by another name',
    added,
    { name: 'x.jpg' },
    { ...added, opId: 'edited', args: { ...added.args, name: 'x.jpg' } },
  ],
  [
    'a rename by another name, composed',
    renamed,
    { name: 'u\u0308' },
    { ...renamed, opId: 'edited', args: { ...renamed.args, name: 'ü' } },
  ],
  [
    'an added file with other metadata',
    added,
    { meta: { a: 1 } },
    { ...added, opId: 'edited', args: { ...added.args, meta: { a: 1 } } },
  ],
  [
    'an added file of another type',
    added,
    { type: 'image/png' },
    { ...added, opId: 'edited', args: { ...added.args, type: 'image/png' } },
  ],
] as const)('retries %s', (_, event, edit, expected) => {
  expect(editedEvent(event, edit as object, options)).toEqual(expected)
})

const [ada, bob] = (['a', 'b'] as const).map((letter) => `u_${letter.repeat(32)}` as Owner)
const addedBy = (owner: Owner | undefined, opId = added.opId) => ({
  ...added,
  opId,
  args: { ...added.args, ...(owner !== undefined && { owner }) },
})

test.each([
  ['as it was when its owner sends it again', addedBy(ada), ada, addedBy(ada)],
  ['with the user who sends it now', addedBy(ada), bob, addedBy(bob, 'edited')],
  ['without an owner while no token says who sends it', addedBy(ada), undefined, addedBy(undefined, 'edited')],
  ['without an owner when it had none', addedBy(undefined), bob, addedBy(undefined)],
  ['of another kind as it was', renamed, bob, renamed],
] as const)('retries an added file %s', (_, event, owner, expected) => {
  expect(editedEvent(event as PoolEvent, {}, { ...options, owner })).toEqual(expected)
})

test.each([
  ['a name that is refused again', added, { name: 'a/b' }, 'bad_name'],
  ['a name for an event without one', make.deleted('f1'), { name: 'x' }, 'bad_name'],
  ['metadata that is too large', added, { meta: { text: 'x'.repeat(9_000) } }, 'bad_meta'],
  ['metadata for an event without any', renamed, { meta: {} }, 'bad_meta'],
  ['a type that is none', added, { type: 'picture' }, 'bad_type'],
  ['a type that the bucket does not take', added, { type: 'text/plain' }, 'type_not_allowed'],
  ['a type for an event without one', renamed, { type: 'image/png' }, 'bad_type'],
] as const)('does not retry with %s', (_, event, edit, code) => {
  const error = editedEvent(event, edit, options)
  expect(error).toBeInstanceOf(RockpoolError)
  expect(error).toMatchObject({ code })
})

test('removing needs the right to delete, all else the right to write', () => {
  expect([make.deleted('f1'), make.restored('f1'), added].map((event) => rightFor(event))).toEqual([
    'delete',
    'write',
    'write',
  ])
})

test.each([
  ['quota_exceeded', 'quota_exceeded'],
  ['event_too_large', 'too_large'],
  ['a_code_of_a_newer_server', 'bad_request'],
  ['constructor', 'bad_request'],
])('the error of %s is %s', (code, expected) => {
  expect(errorOfRefused({ code, message: 'Why.' })).toMatchObject({ code: expected, message: 'Why.' })
})

test('a quota that is exceeded has its figures', () => {
  const usage = { of: 'user', unit: 'bytes', used: 99, limit: 100 } as const
  const refused = { code: 'quota_exceeded', message: 'Full.', usage, at: 5 }
  const change = refusedChange({ id: 'refused:1', event: added, refused }, undefined)
  expect(change).toMatchObject({ code: 'quota_exceeded', usage })
  expect(errorOfRefused(change)).toMatchObject({ code: 'quota_exceeded', usage })
})

test('a refused change has the file that it would add, else the file as it is', () => {
  const refused = { code: 'forbidden', message: 'No.', at: 5 }
  const add = refusedChange({ id: 'refused:1', event: added, refused }, undefined)
  expect(add).toMatchObject({ id: added.opId, event: added, file: { id: 'f1', name: 'f1.jpg', size: 3 }, ...refused })
  const rename = refusedChange({ id: 'refused:2', event: renamed, refused }, add.file)
  expect(rename.file).toBe(add.file)
  expect('file' in refusedChange({ id: 'refused:3', event: renamed, refused }, undefined)).toBe(false)
})

test('the status of refused changes is the sentence of the newest, and how many there are', () => {
  const change = (at: number): RefusedChange => ({
    id: `${at}`,
    event: added,
    code: 'forbidden',
    message: `At ${at}.`,
    at,
  })
  expect(statusOfRefused([])).toBeUndefined()
  expect(statusOfRefused([change(1)])).toEqual({ state: 'refused', reason: { code: 'push_refused', message: 'At 1.' } })
  expect(statusOfRefused([change(1), change(3), change(2)])?.reason.message).toBe('3 changes were not accepted. At 3.')
})
