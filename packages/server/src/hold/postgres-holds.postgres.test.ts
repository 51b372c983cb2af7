import { holdsSuite } from '../testing/holds-suite.ts'
import { useSharedDatabases } from '../testing/shared-databases.ts'
import { postgresHolds } from './postgres-holds.ts'

const databases = useSharedDatabases()

holdsSuite(async () => {
  const { first, second, query } = databases()
  await query('TRUNCATE rockpool.hold_decisions, rockpool.held_files, rockpool.hold_cursors')
  return { holds: postgresHolds(first), another: postgresHolds(second) }
})
