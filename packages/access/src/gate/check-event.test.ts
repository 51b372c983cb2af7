import { EVENT_NAMES, MAX_TIME } from '@rockpool/core/records'
import { type Buckets, MAX_CONTENT_SIZE, ownerOf, PART_SIZE, type Right } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { ADDRESS, legacyArgs, poolArgs } from '../testing/sample-args.ts'
import { checkEvent } from './check-event.ts'
import type { PushedEvent, Pusher } from './pusher.ts'
import type { RefusalCode } from './refusal.ts'

const STORE = 'shop'
const BUCKETS: Buckets = {
  files: { access: 'store' },
  posters: { access: 'public', types: ['image/*'], maxSize: 6_000 },
  inbox: { access: 'owner' },
}
const ada = await ownerOf('ada')
const bob = await ownerOf('bob')
const pusherWith = (rights: readonly Right[], more: Partial<Pusher> = {}): Pusher => ({
  claims: { sub: 'ada', stores: { [STORE]: rights } },
  owner: ada,
  storeId: STORE,
  buckets: BUCKETS,
  ...more,
})
const PUSHER = pusherWith(['read', 'write', 'delete'])

const POOL = poolArgs(STORE)
const LEGACY = legacyArgs(STORE)
const KNOWN: readonly PushedEvent[] = Object.entries({ ...POOL, ...LEGACY }).map(([name, args]) => ({ name, args }))
const known = (name: string, change: object = {}): PushedEvent => {
  const { args } = KNOWN.find((event) => event.name === name)!
  return { name, args: { ...(args as object), ...change } }
}
const codeOf = (event: PushedEvent, pusher = PUSHER): RefusalCode | undefined => checkEvent(pusher, event)?.code

/** Only those names whose events have the field. */
const namesWith = (field: string) =>
  KNOWN.filter(({ args }) => Object.hasOwn(args as object, field)).map(({ name }) => name)

describe('checkEvent', () => {
  it.each(KNOWN)('takes $name', (event) => {
    expect(checkEvent(PUSHER, event)).toBeUndefined()
  })

  it.each(KNOWN)('takes $name with fields that it does not know', ({ name }) => {
    const event = known(name, { key: { iv: 'x' }, valueOf: 1, toString: 1, constructor: 1, digests: ['a'] })
    expect(checkEvent(PUSHER, event)).toBeUndefined()
  })

  it.each(KNOWN)('gives the rights of the token for $name', ({ name }) => {
    const refusal = checkEvent(pusherWith(['read', 'write']), known(name))
    if (!name.endsWith('FileDeleted')) expect(refusal).toBeUndefined()
    else expect(refusal).toEqual({ code: 'forbidden', message: 'This token may not delete files in the store "shop".' })
  })

  it('has a sentence for each refusal', () => {
    const events = [known('v2.FileAdded', { name: '' }), known('v2.FileAdded', { opId: '' }), { name: 'v9.FileX' }]
    for (const event of events) expect(checkEvent(PUSHER, event)?.message).toMatch(/^[A-Z][^\n]+\.$/)
  })

  const shapes = [undefined, null, [], 'x', 7, true, {}, JSON.parse('{"__proto__":{"opId":"x","id":"x"}}')]
  it.each(KNOWN.flatMap(({ name }) => shapes.map((args) => [name, JSON.stringify(args), args] as const)))(
    'refuses %s whose args are %s',
    (name, _, args) => {
      expect(codeOf({ name, args })).toBe('bad_event')
    },
  )

  it.each(KNOWN.flatMap(({ name, args }) => Object.keys(args as object).map((field) => [name, field] as const)))(
    'refuses %s whose field "%s" is a list',
    (name, field) => {
      // An array of levels is metadata of another shape; everything else is an event of another shape.
      expect(codeOf(known(name, { [field]: [[]] }))).toMatch(field === 'meta' ? /^bad_meta$/ : /^bad_event$/)
    },
  )

  describe('ids', () => {
    const ids = [
      ['', 'bad_event'],
      ['x'.repeat(128), undefined],
      ['x'.repeat(129), 'bad_event'],
      ['a\0b', 'bad_event'],
      ['\ud800', 'bad_event'],
      ['ünï 𝄞 "; DROP TABLE files', undefined],
    ] as const
    const fields = (['opId', 'id'] as const).flatMap((field) => namesWith(field).map((name) => [name, field] as const))
    it.each(fields.flatMap(([name, field]) => ids.map(([id, code]) => [name, field, id, code] as const)))(
      '%s with the %s %j',
      (name, field, id, code) => {
        expect(codeOf(known(name, { [field]: id }))).toBe(code)
      },
    )

    it.each(['clientId', 'sessionId'] as const)('%s has at most 64 characters', (field) => {
      const event = { name: 'note', [field]: 'x'.repeat(64) }
      expect(codeOf(event)).toBeUndefined()
      for (const id of ['x'.repeat(65), 'a\0b', '\udc00']) expect(codeOf({ ...event, [field]: id })).toBe('bad_event')
    })
  })

  describe('names of events', () => {
    it.each<[string, RefusalCode | undefined]>([
      ['v1.NoteCreated', undefined],
      ['note', undefined],
      ['__proto__', undefined],
      ['constructor', undefined],
      ['toString', undefined],
      ['v1.file', undefined],
      ['files', undefined],
      ['v2.Profile', undefined],
      ['', 'bad_event'],
      ['a\0b', 'bad_event'],
      ['\ud800', 'bad_event'],
      ['v1.FileX', 'unknown_event'],
      ['v2.FileAdded2', 'unknown_event'],
      ['v3.FileAdded', 'unknown_event'],
      ['v12.ContentEncrypted', 'unknown_event'],
      ['v2.File', 'unknown_event'],
      ['v1.ContentStored', 'unknown_event'],
    ])('%j', (name, code) => {
      expect(codeOf({ name, args: { id: 'x' } })).toBe(code)
    })

    it('are those of a list, if there is one, and the known ones', () => {
      const pusher = pusherWith(['write', 'delete'], { eventNames: new Set(['note', 'v9.FileX']) })
      expect(codeOf({ name: 'note' }, pusher)).toBeUndefined()
      for (const event of KNOWN) expect(codeOf(event, pusher)).toBeUndefined()
      for (const name of ['other', '__proto__', 'v9.FileX']) expect(codeOf({ name }, pusher)).toBe('unknown_event')
    })
  })

  describe('remote keys', () => {
    const keys = [
      ['no key', 'x', 'bad_key'],
      ['an empty one', '', 'bad_key'],
      ['one with dots', `${STORE}/../files/${ADDRESS}`, 'bad_key'],
      ['one of 700 kB', 'x'.repeat(700_000), 'bad_key'],
      ['one in another store', `shop10/files/${ADDRESS}`, 'forbidden'],
      ['a legacy one', `${STORE}/${ADDRESS}`, 'bad_key'],
      ['one in a bucket that is not configured', `${STORE}/attic/${ADDRESS}`, 'unknown_bucket'],
      ['one in a bucket that every object has', `${STORE}/constructor/${ADDRESS}`, 'unknown_bucket'],
      ['one with an owner in a store bucket', `${STORE}/files/${ada}/${ADDRESS}`, 'bad_key'],
      ['one with an owner in a public bucket', `${STORE}/posters/${ada}/${ADDRESS}`, 'bad_key'],
      ['one without an owner in an owner bucket', `${STORE}/inbox/${ADDRESS}`, 'forbidden'],
      ["another one's in an owner bucket", `${STORE}/inbox/${bob}/${ADDRESS}`, 'forbidden'],
      ["one's own in an owner bucket", `${STORE}/inbox/${ada}/${ADDRESS}`, undefined],
      ['one in a public bucket', `${STORE}/posters/${ADDRESS}`, undefined],
    ] as const
    const names = EVENT_NAMES.filter((name) => Object.hasOwn(POOL[name], 'remoteKey'))
    it.each(names.flatMap((name) => keys.map(([what, key, code]) => [name, what, key, code] as const)))(
      '%s with %s',
      (name, _, remoteKey, code) => {
        expect(codeOf(known(name, { remoteKey }))).toBe(code)
      },
    )

    it.each<[string, string, RefusalCode | undefined]>([
      ['of another store', `other/inbox/${bob}/${ADDRESS}`, undefined],
      ['of the legacy form', `${STORE}/${ADDRESS}`, undefined],
      ['malformed', 'x', 'bad_key'],
    ])('v2.FileContentReplaced based on a key %s', (_, basedOn, code) => {
      expect(codeOf(known('v2.FileContentReplaced', { basedOn }))).toBe(code)
    })

    it.each(['etag', 'versionId'])('v2.ContentStored with an %s', (field) => {
      for (const text of ['', 'x'.repeat(1_024), null]) {
        expect(codeOf(known('v2.ContentStored', { [field]: text }))).toBeUndefined()
      }
      for (const text of ['x'.repeat(1_025), '\0', '\ud800', 7]) {
        expect(codeOf(known('v2.ContentStored', { [field]: text }))).toBe('bad_event')
      }
    })
  })

  it.each<[unknown, RefusalCode | undefined]>([
    [undefined, undefined],
    [null, undefined],
    [ada, undefined],
    [bob, 'forbidden'],
    ['ada', 'forbidden'],
    [7, 'forbidden'],
  ])('takes the owner of v2.FileAdded if it is the user: %j', (owner, code) => {
    expect(codeOf(known('v2.FileAdded', { owner }))).toBe(code)
  })

  it('says what to do with a file that another user of the device added', () => {
    const refusal = checkEvent(PUSHER, known('v2.FileAdded', { owner: bob }))
    expect(refusal?.message).toBe('Another user added this file on this device. Try again to add it as your own.')
  })

  describe('type and size', () => {
    const parts = (count: number) => `${STORE}/files/${ADDRESS}-${count}`
    const poster = { remoteKey: `${STORE}/posters/${ADDRESS}` }
    const cases: readonly [string, object, RefusalCode | undefined][] = [
      ['an empty file', { size: 0 }, undefined],
      ['one full part', { size: PART_SIZE }, undefined],
      ['more than a part at an address of one', { size: PART_SIZE + 1 }, 'bad_event'],
      ['two parts', { size: PART_SIZE + 1, remoteKey: parts(2) }, undefined],
      ['a byte at an address of two parts', { size: 1, remoteKey: parts(2) }, 'bad_event'],
      ['the largest size', { size: MAX_CONTENT_SIZE, remoteKey: parts(10_000) }, undefined],
      ['a byte more', { size: MAX_CONTENT_SIZE + 1, remoteKey: parts(10_000) }, 'too_large'],
      ['the largest integer', { size: Number.MAX_SAFE_INTEGER }, 'too_large'],
      ['a negative size', { size: -1 }, 'bad_event'],
      ['half a byte', { size: 0.5 }, 'bad_event'],
      ['a size that is text', { size: '1' }, 'bad_event'],
      ['the largest size of the bucket', { ...poster, type: 'image/png', size: 6_000 }, undefined],
      ['a byte more than the bucket takes', { ...poster, type: 'image/png', size: 6_001 }, 'too_large'],
      ['a type that the bucket does not take', { ...poster, type: 'text/html', size: 1 }, 'type_not_allowed'],
      ['no media type', { type: 'jpeg' }, 'bad_type'],
      ['a type with a header in it', { type: 'image/png\r\nx: y' }, 'bad_type'],
      ['no type', { type: '' }, 'bad_type'],
    ]
    const names = ['v2.FileAdded', 'v2.FileContentReplaced']
    it.each(names.flatMap((name) => cases.map(([what, change, code]) => [name, what, change, code] as const)))(
      '%s with %s',
      (name, _, change, code) => {
        expect(codeOf(known(name, change))).toBe(code)
      },
    )
  })

  it('judges sizes by the part size of the store', () => {
    const pusher = pusherWith(['write'], { hashing: { partSize: 1024 } })
    expect(codeOf(known('v2.FileAdded', { size: 1024 }), pusher)).toBeUndefined()
    expect(codeOf(known('v2.FileAdded', { size: 1025 }), pusher)).toBe('bad_event')
  })

  const filesWithAName = ['v2.FileAdded', 'v2.FileRenamed']
  const fileNames: readonly [string, RefusalCode | undefined][] = [
    ['ünï 𝄞.jpg', undefined],
    ['x'.repeat(255), undefined],
    ['x'.repeat(256), 'bad_name'],
    ['x'.repeat(60_000), 'bad_name'],
    ['', 'bad_name'],
    ['..', 'bad_name'],
    ['a/b', 'bad_name'],
    ['a\0b', 'bad_name'],
    ['\udc00', 'bad_name'],
  ]
  it.each(filesWithAName.flatMap((name) => fileNames.map(([file, code]) => [name, file, code] as const)))(
    '%s with the file name %j',
    (name, file, code) => {
      expect(codeOf(known(name, { name: file }))).toBe(code)
    },
  )

  it.each<[string, unknown, RefusalCode | undefined]>([
    ['a path', 'fish/reef.jpg', undefined],
    ['none', null, undefined],
    ['one of 1,025 bytes', 'x'.repeat(1_025), 'bad_path'],
    ['one that leaves its folder', '../reef.jpg', 'bad_path'],
    ['one that is not NFC', 're\u0301cif.jpg', 'bad_path'],
    ['one with a control character', 'reef\n.jpg', 'bad_path'],
    ['one that is no text', 7, 'bad_event'],
  ])('the path of a new file: %s', (_, path, code) => {
    expect(codeOf(known('v2.FileAdded', { path }))).toBe(code)
  })

  const times: readonly [number, RefusalCode | undefined][] = [
    [0, undefined],
    [MAX_TIME, undefined],
    [Date.UTC(9999, 11, 31, 23, 59, 59, 999), undefined],
    [MAX_TIME + 1, 'bad_event'],
    [-1, 'bad_event'],
    [-9e15, 'bad_event'],
    [1e300, 'bad_event'],
    [0.5, 'bad_event'],
  ]
  it.each(namesWith('at').flatMap((name) => times.map(([at, code]) => [name, at, code] as const)))(
    '%s at %d',
    (name, at, code) => {
      expect(codeOf(known(name, { at }))).toBe(code)
    },
  )

  describe('metadata', () => {
    const levels = (count: number) => `${'{"a":'.repeat(count)}1${'}'.repeat(count)}`
    const text = (bytes: number) => JSON.stringify({ a: 'x'.repeat(bytes - '{"a":""}'.length) })
    const metas: readonly [string, unknown, RefusalCode | undefined][] = [
      ['32 levels', levels(32), undefined],
      ['33 levels', levels(33), 'bad_meta'],
      ['100,000 levels', levels(100_000), 'bad_meta'],
      ['8 KiB', text(8_192), undefined],
      ['8 KiB and a byte', text(8_193), 'bad_meta'],
      ['no JSON', '{"half', 'bad_meta'],
      ['a list', '[]', 'bad_meta'],
      ['null as text', 'null', 'bad_meta'],
      ['nothing', '', 'bad_meta'],
      ['keys that every object has', '{"__proto__":{},"constructor":1,"valueOf":2}', undefined],
      ['an object', { album: 'fish' }, undefined],
      ['an object of 33 levels', JSON.parse(levels(33)), 'bad_meta'],
      ['an object of 9 KiB', JSON.parse(text(9_000)), 'bad_meta'],
      ['null', null, 'bad_event'],
      ['a number', 7, 'bad_event'],
    ]
    it.each(namesWith('meta').flatMap((name) => metas.map(([what, meta, code]) => [name, what, meta, code] as const)))(
      '%s with %s',
      (name, _, meta, code) => {
        expect(codeOf(known(name, { meta }))).toBe(code)
      },
    )
  })

  describe('events of livestore-filesync', () => {
    const url = (value: unknown) => ({ remoteKey: undefined, remoteUrl: value })
    it.each<[string, string, object, RefusalCode | undefined]>([
      ['the path as URL', 'v1.FileUpdated', url(`/${STORE}/${ADDRESS}`), undefined],
      ['a URL with a query', 'v1.FileUpdated', url(`https://x.example/a/b/${STORE}/${ADDRESS}?v=1#top`), undefined],
      ['a URL before the upload', 'v1.FileUpdated', url(''), undefined],
      ['neither URL nor key', 'v1.FileUpdated', url(undefined), 'bad_event'],
      ['a key before the upload', 'v1.FileUpdated', { remoteKey: '' }, undefined],
      ['a URL of another store', 'v1.FileUpdated', url(`https://x.example/shop10/${ADDRESS}`), 'forbidden'],
      ['a key of another store', 'v1.FileUpdated', { remoteKey: `shop10/${ADDRESS}` }, 'forbidden'],
      ['a URL of no file', 'v1.FileUpdated', url('https://x.example/'), 'forbidden'],
      ['a key of no file beside a good URL', 'v1.FileUpdated', { remoteUrl: '', remoteKey: 'x/y' }, 'forbidden'],
      ['a URL that is no text', 'v1.FileUpdated', url(7), 'bad_event'],
      ['a URL of 3,000 characters', 'v1.FileUpdated', url(`${'x'.repeat(3_000)}/${STORE}/${ADDRESS}`), 'bad_event'],
      ['a URL in an event that needs none', 'v1.FileCreated', url('https://x.example/'), 'forbidden'],
      ['metadata', 'v1.FileCreated', { metadataJson: '{"mimeType":"image/png"}' }, undefined],
      ['metadata of 9 KiB', 'v1.FileCreated', { metadataJson: `{"a":"${'x'.repeat(9_000)}"}` }, 'bad_meta'],
      ['metadata that is no text', 'v1.FileCreated', { metadataJson: {} }, 'bad_event'],
      ['a time before 1970', 'v1.FileCreated', { createdAt: '1969-12-31T23:59:59.999Z' }, 'bad_event'],
      ['a time after 9999', 'v1.FileDeleted', { deletedAt: '+010000-01-01T00:00:00.000Z' }, 'bad_event'],
      ['a time that is none', 'v1.FileDeleted', { deletedAt: 'soon' }, 'bad_event'],
      ['a time that is a number', 'v1.FileDeleted', { deletedAt: 1_700_000_000_000 }, 'bad_event'],
      ['a path of 3,000 characters', 'v1.FileCreated', { path: 'x'.repeat(3_000) }, 'bad_event'],
      ['a hash with NUL', 'v1.FileCreated', { contentHash: '\0' }, 'bad_event'],
    ])('%s: %s', (_, name, change, code) => {
      expect(codeOf(known(name, change))).toBe(code)
    })
  })
})
