import { describe, expect, it } from 'vitest'
import type { RemoteKey } from '@rockpool/protocol'
import { decodeEvent, EVENT_NAMES } from './decode-event.ts'

const KEY = `shop/files/${'a'.repeat(64)}` as RemoteKey
const ADDED = { id: 'file', name: 'reef.jpg', type: 'image/jpeg', size: 3, remoteKey: KEY, meta: { a: 1 }, at: 1 }
const STORED = { opId: 'op', remoteKey: KEY }

describe('decodeEvent', () => {
  it.each<[string, Record<string, unknown>]>([
    ['an id with NUL, which SQLite would end there', { id: 'file\0x' }],
    ['an id with a lone surrogate, by which SQLite finds no row', { id: 'file\uD800' }],
    ['an opId with NUL', { opId: 'op\0' }],
    ['an opId with a lone surrogate', { opId: '\uDC00' }],
    ['an empty id', { id: '' }],
    ['an id of 1,025 characters', { id: 'x'.repeat(1_025) }],
    ['an opId of 1,025 characters', { opId: 'x'.repeat(1_025) }],
    ['no name', { name: undefined }],
    ['a null name', { name: null }],
    ['a size as a text', { size: '3' }],
    ['a size that is not finite', { size: Infinity }],
    ['a time past 2^53', { at: 2 ** 53 }],
    ['meta as JSON text', { meta: '{}' }],
    ['meta of 101 levels', { meta: JSON.parse(`${'{"a":'.repeat(101)}1${'}'.repeat(101)}`) }],
  ])('refuses %s', (_, change) => {
    expect(decodeEvent('v2.FileAdded', { ...ADDED, opId: 'op', ...change })).toBeUndefined()
  })

  it.each(EVENT_NAMES)('refuses args of %s that are not an object', (name) => {
    for (const args of [undefined, null, true, 7, 'text', [], [{}], {}]) expect(decodeEvent(name, args)).toBeUndefined()
  })

  it.each<[string, unknown, object]>([
    ['takes the owner of a file', `u_${'o'.repeat(32)}`, { owner: `u_${'o'.repeat(32)}` }],
    ['ignores an owner that is none, as clients before that field did', 'eve', {}],
    ['ignores an owner that is no text', { of: 'all' }, {}],
    ['takes no owner for none', null, {}],
  ])('%s', (_, owner, expected) => {
    expect(decodeEvent('v2.FileAdded', { ...ADDED, opId: 'op', owner })?.args).toEqual({ ...ADDED, ...expected })
  })

  it.each<[string, unknown, object]>([
    ['takes the path of a file', 'fish/reef.jpg', { path: 'fish/reef.jpg' }],
    ['ignores a path that leaves its folder', '../reef.jpg', {}],
    ['ignores a path that is no text', 7, {}],
    ['takes no path for none', null, {}],
  ])('%s', (_, path, expected) => {
    expect(decodeEvent('v2.FileAdded', { ...ADDED, opId: 'op', path })?.args).toEqual({ ...ADDED, ...expected })
  })

  it('takes only the fields of the event', () => {
    const args = { ...ADDED, opId: 'op', creator: 'eve', ['__proto__']: 1, constructor: 1 }
    expect(decodeEvent('v2.FileAdded', args)).toEqual({ name: 'v2.FileAdded', opId: 'op', args: ADDED })
  })

  it('replaces what SQLite cannot keep in a text that is only shown', () => {
    const args = { ...ADDED, opId: 'op', name: 'a\0b\uD800.jpg', type: '\0' }
    expect(decodeEvent('v2.FileAdded', args)?.args).toEqual({ ...ADDED, name: 'a\uFFFDb\uFFFD.jpg', type: '\uFFFD' })
  })

  it.each([
    ['before 1970', -9e15, 0],
    ['after 9999', 9e15, 253_402_300_799_999],
  ])('moves a time %s to the nearest that calendars show', (_, at, shown) => {
    expect(decodeEvent('v2.FileAdded', { ...ADDED, opId: 'op', at })?.args).toEqual({ ...ADDED, at: shown })
  })

  it('takes meta of 100 levels', () => {
    const meta = JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`)
    expect(decodeEvent('v2.FileAdded', { ...ADDED, opId: 'op', meta })?.args).toEqual({ ...ADDED, meta })
  })

  it('clips a text that is only shown', () => {
    const args = { ...ADDED, opId: 'op', name: 'x'.repeat(10_000_000), type: `${'x'.repeat(1_022)}😀😀` }
    const type = `${'x'.repeat(1_022)}\uFFFD…`
    expect(decodeEvent('v2.FileAdded', args)?.args).toEqual({ ...ADDED, name: `${'x'.repeat(1_023)}…`, type })
  })

  it('has no -0, which SQLite does not have', () => {
    expect(decodeEvent('v2.FileAdded', { ...ADDED, opId: 'op', size: -0, at: -0 })?.args).toEqual({
      ...ADDED,
      size: 0,
      at: 0,
    })
  })

  it.each<[string, object, object | undefined]>([
    ['an etag and no versionId', { etag: 'e' }, { remoteKey: KEY, etag: 'e' }],
    ['null in place of both', { etag: null, versionId: null }, { remoteKey: KEY }],
    ['an etag that is a number', { etag: 1 }, undefined],
  ])('ContentStored with %s', (_, change, args) => {
    const event = decodeEvent('v2.ContentStored', { ...STORED, ...change })
    expect(event).toEqual(args && { name: 'v2.ContentStored', opId: 'op', args })
  })

  it.each(['__proto__', 'constructor', 'toString', 'v3.FileAdded', ''])('knows no event %j', (name) => {
    expect(decodeEvent(name as never, { ...ADDED, opId: 'op' })).toBeUndefined()
  })
})
