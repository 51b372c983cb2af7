import { homedir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { publicReason, startFailure } from './start-failure.ts'

const SECRET = '0f'.repeat(32)
const HIDDEN = ['/srv/my pool', '/srv']

describe('publicReason', () => {
  it.each([
    ['Another process uses this folder.', 'Another process uses this folder.'],
    ['no such table: events', 'no such table: events.'],
    [
      "Cannot find package '@rockpool/sync-server' imported from /srv/app/x.js",
      "Cannot find package '@rockpool/sync-server' imported from ….",
    ],
    ["EACCES: permission denied, open '/srv/my pool/events/gallery'", 'EACCES: permission denied, open ….'],
    ["ENOENT: no such file, open '/var/a b/secret'", 'ENOENT: no such file, open ….'],
    ['Folder /srv/my pool/events is damaged.', 'Folder … is damaged.'],
    ['Another process uses /var/lib/pool. Stop it.', 'Another process uses … Stop it.'],
    [String.raw`cannot open C:\Users\ada\pool\secret, it is damaged`, 'cannot open …, it is damaged.'],
    ['see file:///var/lib/pool/x.mjs', 'see ….'],
    [`cannot read ${homedir()}/pool`, 'cannot read ….'],
    [`bad key ${SECRET}`, 'bad key ….'],
    [
      'bad token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl',
      'bad token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.….',
    ],
    ['first line\n    at /srv/app/x.js:1:2', 'first line.'],
    ['read and/or write failed', 'read and/or write failed.'],
    ['', 'the reason is not known.'],
  ])('%j', (message, expected) => {
    expect(publicReason(new Error(message), HIDDEN)).toBe(expected)
  })

  it('takes what is thrown without being an Error', () => {
    expect(publicReason('boom', [])).toBe('boom.')
  })
})

it('a start failure names the part, the reason and what to do', () => {
  expect(startFailure('sync server', new Error('The disk is full.'), [])).toEqual({
    error: {
      code: 'server_failed_to_start',
      message:
        'The sync server of this development server did not start: The disk is full. Fix the cause and restart the development server; its terminal has the details.',
    },
  })
})
