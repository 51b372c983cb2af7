import { describe, expect, test } from 'vitest'
import { readYaml } from './yaml-values.ts'

const FILE = '/etc/rockpool/rockpool.yaml'
const read = (text: string) =>
  Object.fromEntries(readYaml(text, FILE).map(({ key, value, isFile }) => [key, isFile ? { file: value } : value]))

test('an empty file, and sections without keys, set nothing', () => {
  expect(read('')).toEqual({})
  expect(read('# nothing yet\nstorage:\n  s3:\n')).toEqual({})
})

test('reads every kind of setting as the environment has it', () => {
  expect(
    read(`
      server: { port: 8080, allowed_origins: [https://a.example, https://b.example] }
      storage:
        backend: hybrid
        local: { path: data }
        s3: { bucket: reef, use_path_style: true, secret_access_key_file: s3-key }
      buckets:
        photos: { access: public, types: [image/*], max_size: 50000000 }
    `),
  ).toEqual({
    'server.port': '8080',
    'server.allowed_origins': 'https://a.example,https://b.example',
    'storage.backend': 'hybrid',
    'storage.local.path': '/etc/rockpool/data',
    'storage.s3.bucket': 'reef',
    'storage.s3.use_path_style': 'true',
    'storage.s3.secret_access_key_file': { file: '/etc/rockpool/s3-key' },
    buckets: '{"photos":{"access":"public","types":["image/*"],"maxSize":50000000}}',
  })
})

test('the old name of the path is the path', () => {
  const [value] = readYaml('avatar: { storage_path: /srv/avatars }', FILE)
  expect(value).toMatchObject({
    key: 'avatar.storage_path',
    value: '/srv/avatars',
    setting: { variable: 'ROCKPOOL_DATA_DIR' },
  })
})

test('a bucket that holds, and webhooks', () => {
  const text = `
buckets: { photos: { access: store, hold: { wait_seconds: 60, refused: delete } } }
webhooks: [{ url: 'https://app.example', secret: whsec_x }]`
  expect(readYaml(text, FILE).map(({ key, value }) => [key, value])).toEqual([
    ['buckets', '{"photos":{"access":"store","hold":{"waitSeconds":60,"refused":"delete"}}}'],
    ['webhooks', '[{"url":"https://app.example","secret":"whsec_x"}]'],
  ])
})

describe('refuses in one line', () => {
  test.each([
    ['what is no YAML', 'storage: [', 'it is not YAML'],
    ['a key twice', 'server: { port: 1, port: 2 }', 'it is not YAML'],
    ['a list', '- a', 'it has to be a map'],
    ['aliases', 'a: &a [x]\nb: *a', 'aliases'],
    ['an unknown key', 'storage: { s3: { buket: reef } }', 'storage.s3.buket.*Did you mean "storage.s3.bucket"'],
    ['an unknown section', 'storrage: { backend: local }', 'storrage.*Did you mean "storage"'],
    ['a value in place of a section', 'storage: local', 'storage in .*: it is a section'],
    ['a map in place of a value', 'server: { port: { number: 1 } }', 'server.port in .*: it is a number'],
    ['a number in quotes', 'server: { port: "80" }', 'server.port in .*: it is a number'],
    ['a number where a text is meant', 'auth: { jwt_secret: 123 }', 'auth.jwt_secret in .*: it is a text'],
    ['a text in place of a list', 'server: { allowed_origins: https://a.example }', 'it is a list'],
    ['yes in place of true', 'storage: { s3: { use_path_style: yes } }', 'it is true or false'],
    ['a file of what is no secret', 'storage: { s3: { bucket_file: x } }', 'storage.s3.bucket_file'],
    [
      'an unknown rule of a bucket',
      'buckets: { photos: { maxsize: 1 } }',
      'buckets.photos.maxsize.*Did you mean "max_size"',
    ],
    ['a bucket without rules', 'buckets: { photos: public }', 'buckets.photos'],
    ['an unknown rule of holding', 'buckets: { a: { hold: { wait_second: 1 } } }', 'Did you mean "wait_seconds"'],
    ['a bucket that only says that it holds', 'buckets: { a: { hold: true } }', 'buckets.a.hold in .*: it is a map'],
    ['one webhook in place of a list', 'webhooks: { url: https://app.example }', 'webhooks in .*: it is a list'],
    ['inherited names', 'buckets: { photos: { constructor: 1 } }', 'buckets.photos.constructor'],
    ['an endless file', '#'.repeat(300_000), 'larger than 256 KiB'],
  ])('%s', (_, text, message) => {
    expect(() => readYaml(text, FILE)).toThrow(new RegExp(`^[^\\n]*(?:${message})[^\\n]*$`))
  })
})
