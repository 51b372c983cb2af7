import { type Buckets, MAX_CONTENT_SIZE } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import type { FileMeta } from '../../records/events.ts'
import { checkFile, checkRight, type NewFile } from './checks.ts'

const buckets: Buckets = {
  files: { access: 'store' },
  photos: { access: 'store', types: ['image/*'], maxSize: 1_000 },
}
const file: NewFile = { name: 'reef.jpg', type: 'image/jpeg', bucket: 'photos', path: undefined, meta: {}, size: 1_000 }
const cycle: Record<string, unknown> = {}
cycle['self'] = cycle
const nested = (levels: number) => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels)) as FileMeta

test.each<[string, Partial<NewFile>, string | undefined]>([
  ['as it should be', {}, undefined],
  ['an empty file', { size: 0 }, undefined],
  ['a stream of unknown size', { size: undefined }, undefined],
  ['a name in any script', { name: '礁石 🪸 élan.png' }, undefined],
  ['255 bytes of name', { name: 'é'.repeat(127) + 'x' }, undefined],
  ['256 bytes of name', { name: 'é'.repeat(128) }, 'bad_name'],
  ['1,000 characters of name', { name: 'x'.repeat(1_000) }, 'bad_name'],
  ['a slash in the name', { name: '../etc/passwd' }, 'bad_name'],
  ['a backslash in the name', { name: 'a\\b' }, 'bad_name'],
  ['a newline in the name', { name: 'a\nb' }, 'bad_name'],
  ['a NUL in the name', { name: 'a\u0000b' }, 'bad_name'],
  ['half a character', { name: 'a\ud800' }, 'bad_name'],
  ['no name', { name: ' ' }, 'bad_name'],
  ['a folder for a name', { name: '..' }, 'bad_name'],
  ['a path', { path: 'fish/reef.jpg' }, undefined],
  ['a path out of its folder', { path: 'fish/../../reef.jpg' }, 'bad_path'],
  ['no bucket of that name', { bucket: 'videos' }, 'unknown_bucket'],
  ['a bucket of Object.prototype', { bucket: 'constructor' }, 'unknown_bucket'],
  ['a type that is none', { type: 'jpeg' }, 'bad_type'],
  ['a type with a header in it', { type: 'image/png\r\nx: y' }, 'bad_type'],
  ['another type than the bucket takes', { type: 'text/html' }, 'type_not_allowed'],
  ['more than the bucket takes', { size: 1_001 }, 'too_large'],
  ['over 78 GiB as declared', { bucket: 'files', size: MAX_CONTENT_SIZE + 1 }, 'too_large'],
  ['metadata that is no object', { meta: [] as unknown as FileMeta }, 'bad_meta'],
  ['metadata with a cycle', { meta: cycle as FileMeta }, 'bad_meta'],
  ['metadata with a Date, which JSON makes a text', { meta: { at: new Date(0) as never } }, 'bad_meta'],
  ['metadata with undefined, which JSON leaves out', { meta: { at: undefined as never } }, 'bad_meta'],
  ['metadata over 8 KiB', { meta: { text: 'x'.repeat(8_192) } }, 'bad_meta'],
  ['8 KiB of metadata', { meta: { text: 'x'.repeat(8_192 - '{"text":""}'.length) } }, undefined],
  [
    '8 KiB and a byte of metadata, in UTF-8',
    { meta: { text: `é${'x'.repeat(8_192 - '{"text":""}'.length - 1)}` } },
    'bad_meta',
  ],
  ['32 levels of metadata', { meta: nested(32) }, undefined],
  ['33 levels of metadata', { meta: nested(33) }, 'bad_meta'],
  ['many brackets in the text of metadata', { meta: { text: '[{"\\[{'.repeat(40) } }, undefined],
  ['200,000 levels of metadata', { meta: nested(200_000) }, 'bad_meta'],
])('%s', (_, over, code) => {
  expect(checkFile({ ...file, ...over }, buckets)?.code).toBe(code)
})

test('what is not JSON in metadata is named by its path', () => {
  const meta = { camera: { lens: [1, { since: new Date(0) as never }] } }
  expect(checkFile({ ...file, meta }, buckets)?.message).toContain('meta.camera.lens[1].since is a Date')
})

test('a right that the token does not give is refused, one that is unknown is not', () => {
  const claims = { sub: 'ann', stores: { reef: ['read', 'write'] } } as const
  expect(checkRight(claims, 'reef', 'write')).toBeUndefined()
  expect(checkRight(claims, 'reef', 'delete')?.code).toBe('forbidden')
  expect(checkRight(claims, 'other', 'read')?.code).toBe('forbidden')
  expect(checkRight(undefined, 'reef', 'write')).toBeUndefined()
})
