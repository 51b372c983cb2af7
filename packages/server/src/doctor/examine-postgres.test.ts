import type { PostgresFacts } from '@rockpool/sync-server/postgres'
import { expect, test } from 'vitest'
import { examinePostgres, findingsOf } from './examine-postgres.ts'

const HEALTHY: PostgresFacts = {
  version: '17.2',
  versionNumber: 170_002,
  fsync: 'on',
  synchronousCommit: 'on',
  hasSchema: true,
  passesNotices: true,
}
const verdictsOf = (facts: PostgresFacts) => findingsOf(facts).filter(({ verdict }) => verdict !== 'ok')

test('a database with the settings that it comes with is healthy', () => {
  expect(verdictsOf(HEALTHY)).toEqual([])
  expect(verdictsOf({ ...HEALTHY, synchronousCommit: 'remote_apply' })).toEqual([])
})

test.each<[string, Partial<PostgresFacts>, string, string, string]>([
  ['a version without fixes', { version: '13.1', versionNumber: 130_001 }, 'Postgres', 'warn', 'Update it'],
  ['a schema that cannot be created', { hasSchema: false }, 'Postgres: schema', 'fail', 'Grant CREATE'],
  ['commits that are not flushed', { fsync: 'off' }, 'Postgres: fsync', 'fail', 'Set it to on'],
  ['commits that return early', { synchronousCommit: 'off' }, 'Postgres: synchronous_commit', 'fail', 'Set it to on'],
  ['a pooler', { passesNotices: false }, 'Postgres: notices', 'fail', 'not a pooler'],
])('%s is named, with what to do', (_, change, name, verdict, advice) => {
  expect(verdictsOf({ ...HEALTHY, ...change })).toEqual([{ name, verdict, detail: expect.stringContaining(advice) }])
})

test('a database that cannot be reached is one finding', async () => {
  const findings = await examinePostgres('postgres://ada:secret@127.0.0.1:1/db')
  expect(findings).toEqual([{ name: 'Postgres', verdict: 'fail', detail: expect.stringContaining('ECONNREFUSED') }])
  expect(JSON.stringify(findings)).not.toContain('secret')
})
