import { hookCursorsSuite } from '../../testing/hook-cursors-suite.ts'
import { useSharedDatabases } from '../../testing/shared-databases.ts'
import { postgresHookCursors } from './postgres-hook-cursors.ts'

const databases = useSharedDatabases()

hookCursorsSuite(async () => {
  const { first, second, query } = databases()
  await query('TRUNCATE rockpool.webhooks, rockpool.webhook_cursors')
  return { cursors: postgresHookCursors(first), next: postgresHookCursors(second) }
})
