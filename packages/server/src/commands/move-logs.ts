/** `rockpool-server move-logs` */
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoreId } from '@rockpool/protocol'
import { type SqliteLogs, sqliteLogs } from '@rockpool/sync-server/node'
import type { PostgresLogs } from '@rockpool/sync-server/postgres'
import { loadConfig } from '../config/load-config.ts'
import { ensureDataFolder } from '../serve/parts.ts'
import { eventsFolder, hasEventLogs } from '../serve/open-logs.ts'
import { importState } from '../state/import-state.ts'
import { openState } from '../state/open-state.ts'
import { ensureTables } from '../state/postgres-tables.ts'
import type { Command } from './command.ts'

export const moveLogs: Command = {
  name: 'move-logs',
  usage: '',
  summary: 'Moves the event logs of the data folder to Postgres, for several servers',
  details: `
Set event_log.backend to postgres and event_log.postgres.url, stop the server, and run it once. Events keep their numbers, and
devices notice nothing. Buckets made by REST and decisions about held files move, too. Interrupted, it begins with the
first store that is missing in Postgres when you run it again. The former logs stay in the folder "events-moved".
`,
  options: {},
  run: async ({ configFile, env, cwd, signal, output }) => {
    const { dataDir, eventLog } = loadConfig({ env, cwd, file: configFile })
    if (eventLog.backend !== 'postgres') {
      throw new Error('Set event_log.backend to postgres and event_log.postgres.url: the event logs move there.')
    }
    await ensureDataFolder(dataDir)
    const [folder, moved] = [eventsFolder(dataDir), join(dataDir, 'events-moved')]
    if (!(await hasEventLogs(dataDir))) {
      output.result({ stores: [] }, `There are no event logs to move in ${dataDir}.\n`)
      return 0
    }
    if (existsSync(moved)) {
      throw new Error(`There is a folder ${moved} of an earlier move. Put it elsewhere, and run this command again.`)
    }
    // Locks out a server.
    const from = await sqliteLogs({ directory: folder })
    try {
      const { postgresLogs } = await import('@rockpool/sync-server/postgres')
      const to = await postgresLogs({ url: eventLog.url })
      try {
        const stores = await moveAll(from, to, signal, output.progress)
        await ensureTables(to.database)
        await moveState(dataDir, to)
        await from.close()
        await rename(folder, moved)
        const text = `Moved the event logs of ${stores.length} stores to Postgres. The former ones are in ${moved}.\n`
        output.result({ stores }, text)
        return 0
      } finally {
        await to.close()
      }
    } finally {
      await from.close()
    }
  },
}

interface Moved {
  readonly storeId: StoreId
  /** number of the last event */
  readonly head: number
}

const moveAll = async (
  from: SqliteLogs,
  to: PostgresLogs,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<readonly Moved[]> => {
  const moved: Moved[] = []
  for (const storeId of await from.storeIds!()) {
    signal.throwIfAborted()
    const log = await from.open(storeId)
    const head = await log.head()
    const isNew = await to.importLog(storeId, log)
    progress(`${storeId}: ${isNew ? `${head} events` : 'moved before'}`)
    moved.push({ storeId, head })
  }
  return moved
}

const moveState = async (dataDir: string, to: PostgresLogs): Promise<void> => {
  const state = openState(dataDir)
  try {
    await importState(state.database, to.database)
  } finally {
    state.close()
  }
}
