import { expect, it } from 'vitest'
import { toBucket } from './create-bucket.ts'

it.each([
  ['nothing but a name', {}, { access: 'owner' }],
  ['authenticated', { policy: 'authenticated' }, { access: 'store' }],
  ['public', { policy: 'public' }, { access: 'public' }],
  [
    'limits',
    { allowed_mime_types: ['image/*'], max_file_size: 10 },
    { access: 'owner', types: ['image/*'], maxSize: 10 },
  ],
  ['null for no limit', { allowed_mime_types: null, max_file_size: null }, { access: 'owner' }],
] as const)('%s', (_, given, rules) => {
  expect(toBucket({ name: 'photos', ...given })).toEqual({ name: 'photos', rules })
})

it.each<[string, object]>([
  ['a name that no bucket has', { name: 'a/b' }],
  ['an empty name', { name: '' }],
  ['the name of a call', { name: 'sign' }],
  ['the name of another call', { name: 'release' }],
  ['an unknown policy', { policy: 'secret' }],
  ['a policy that objects inherit', { policy: 'constructor' }],
  ['a type that is none', { allowed_mime_types: ['images'] }],
  ['types that are no list', { allowed_mime_types: 'image/*' }],
  ['a size that is none', { max_file_size: -1 }],
  ['a size that is a text', { max_file_size: '10' }],
])('refuses %s', (_, given) => {
  expect(() => toBucket({ name: 'photos', ...given } as never)).toThrow(
    expect.objectContaining({ code: 'bad_request', message: expect.stringMatching(/^[^\n]+\.$/) }),
  )
})
