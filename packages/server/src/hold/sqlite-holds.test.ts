import { DatabaseSync } from 'node:sqlite'
import { holdsSuite } from '../testing/holds-suite.ts'
import { sqliteHolds } from './sqlite-holds.ts'

holdsSuite(async () => {
  const database = new DatabaseSync(':memory:')
  return { holds: sqliteHolds(database), another: sqliteHolds(database) }
})
