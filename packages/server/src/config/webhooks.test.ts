import { expect, it } from 'vitest'
import { EVENT_TYPES } from '../events/storage-event.ts'
import { readWebhooks } from './webhooks.ts'

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const read = (value: unknown) =>
  readWebhooks({ ROCKPOOL_WEBHOOKS: typeof value === 'string' ? value : JSON.stringify(value) })
const url = 'https://app.example/hook'

it('has all events of all buckets unless it says otherwise', () => {
  expect(read([{ url, secret: SECRET }])).toEqual([
    { url, keys: [new Uint8Array(32).fill(7)], events: new Set(EVENT_TYPES), buckets: undefined },
  ])
})

it('reads events, buckets and a former secret', () => {
  const former = `whsec_${Buffer.alloc(24, 8).toString('base64')}`
  const events = ['storage.object.created']
  expect(read([{ url, secret: SECRET, secret_former: former, events, buckets: ['photos'] }])).toEqual([
    {
      url,
      keys: [new Uint8Array(32).fill(7), new Uint8Array(24).fill(8)],
      events: new Set(events),
      buckets: new Set(['photos']),
    },
  ])
})

it('is none without the variable', () => expect(readWebhooks({})).toEqual([]))

it.each<[string, unknown, RegExp]>([
  ['no JSON', '[', /write it like/],
  ['no list', { url, secret: SECRET }, /write it like/],
  ['no secret', [{ url }], /0\.secret: is missing/],
  ['a short secret', [{ url, secret: 'whsec_c2hvcnQ=' }], /0\.secret: make a secret with/],
  ['a secret without its prefix', [{ url, secret: SECRET.slice(6) }], /0\.secret: make a secret with/],
  ['another protocol', [{ url: 'ftp://app.example', secret: SECRET }], /0\.url: it is no URL/],
  ['a password in the URL', [{ url: 'https://a:b@app.example', secret: SECRET }], /0\.url: it is no URL/],
  ['an unknown event', [{ url, secret: SECRET, events: ['storage.object.moved'] }], /0\.events\.0: write it like/],
  ['no events', [{ url, secret: SECRET, events: [] }], /0\.events\.0: is missing/],
  ['a name that no bucket has', [{ url, secret: SECRET, buckets: ['a/b'] }], /0\.buckets\.0: it is no name/],
  ['a misspelled setting', [{ url, secret: SECRET, bucket: ['a'] }], /0\.bucket: there is no such setting/],
  [
    'the same URL twice',
    [
      { url, secret: SECRET },
      { url, secret: SECRET },
    ],
    /the same URL/,
  ],
])('refuses %s', (_, value, message) => {
  let thrown: Error | undefined
  try {
    read(value)
  } catch (error) {
    thrown = error as Error
  }
  expect(thrown?.message).toMatch(message)
  expect(thrown?.message).toMatch(/^ROCKPOOL_WEBHOOKS: [^\n]*\.$/)
  expect(thrown?.message).not.toContain(SECRET)
})
