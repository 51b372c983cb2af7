import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toSql } from './log-file.ts'

/** Values of `PRAGMA synchronous`. */
const [NORMAL, FULL] = [1, 2]

const setUp = () => {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  database.exec('PRAGMA synchronous = FULL; CREATE TABLE t (a)')
  const synchronous = () => database.prepare('PRAGMA synchronous').get()!.synchronous
  return { sql: toSql(database, 'The log'), synchronous }
}

describe('a transaction', () => {
  it('syncs the disk unless it need not be durable', () => {
    const { sql, synchronous } = setUp()
    expect(sql.transaction(synchronous)).toBe(FULL)
    expect(sql.transaction(synchronous, { durable: false })).toBe(NORMAL)
    expect(sql.transaction(synchronous)).toBe(FULL)
  })

  it('syncs the disk after one that need not be durable has failed', () => {
    const { sql, synchronous } = setUp()
    const fail = () => {
      sql.run('INSERT INTO t VALUES (1)')
      throw new Error('no')
    }
    expect(() => sql.transaction(fail, { durable: false })).toThrow('no')
    expect(synchronous()).toBe(FULL)
    expect([...sql.rows('SELECT * FROM t')]).toEqual([])
  })

  it('is as durable as the one around it', () => {
    const { sql, synchronous } = setUp()
    expect(sql.transaction(() => sql.transaction(synchronous, { durable: false }))).toBe(FULL)
  })
})
