import { expect, test } from 'vitest'
import { readEventLog } from './event-log-config.ts'

const URL = 'postgres://ada:hunter2@db.example/rockpool'

test.each<[string, Record<string, string>, object]>([
  ['files in the data folder, unless it says otherwise', {}, { backend: 'sqlite' }],
  ['files in the data folder', { ROCKPOOL_EVENT_LOG: 'sqlite' }, { backend: 'sqlite' }],
  ['Postgres', { ROCKPOOL_EVENT_LOG: 'postgres', ROCKPOOL_POSTGRES_URL: URL }, { backend: 'postgres', url: URL }],
])('event logs in %s', (_, env, expected) => {
  expect(readEventLog(env)).toEqual(expected)
})

test.each<[string, Record<string, string>, string]>([
  ['another backend', { ROCKPOOL_EVENT_LOG: 'mysql' }, 'ROCKPOOL_EVENT_LOG: '],
  ['Postgres without a URL', { ROCKPOOL_EVENT_LOG: 'postgres' }, 'ROCKPOOL_POSTGRES_URL: '],
  ['a URL that would not be used', { ROCKPOOL_POSTGRES_URL: URL }, 'ROCKPOOL_POSTGRES_URL: '],
  [
    'a URL of another database',
    { ROCKPOOL_EVENT_LOG: 'postgres', ROCKPOOL_POSTGRES_URL: 'mysql://ada:hunter2@db' },
    'ROCKPOOL_POSTGRES_URL: ',
  ],
])('refuses %s without repeating the password', (_, env, beginning) => {
  const read = () => readEventLog(env)
  expect(read).toThrow(beginning)
  expect(read).not.toThrow('hunter2')
})
