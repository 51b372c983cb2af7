import { DatabaseSync } from 'node:sqlite'
import { hookCursorsSuite } from '../../testing/hook-cursors-suite.ts'
import { sqliteHookCursors } from './sqlite-hook-cursors.ts'

hookCursorsSuite(async () => {
  const database = new DatabaseSync(':memory:')
  return { cursors: sqliteHookCursors(database), next: sqliteHookCursors(database) }
})
