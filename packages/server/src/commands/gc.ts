/** `rockpool-server gc` */
import { appendLost, isEventLogError } from '@rockpool/sync-server'
import { loadConfig } from '../config/load-config.ts'
import type { CollectReport } from '../gc/collect.ts'
import { collectAll } from '../gc/collect-all.ts'
import { readModelLiveSets } from '../gc/read-model-live-sets.ts'
import { DEFAULT_RULES, SHORTEST_SAFE_GRACE_MS } from '../gc/verdict.ts'
import { gcFields } from '../serve/collector.ts'
import { openParts, type Parts } from '../serve/parts.ts'
import { type Command, UsageError } from './command.ts'
import { readDuration } from './duration.ts'

export const gc: Command = {
  name: 'gc',
  usage: '[--dry-run] [--grace 7d] [--accept]',
  summary: 'Deletes bytes that no file names any more, while the server is stopped; the server does so every hour',
  details: `
Prints one JSON line per store. The first run of a store only takes note of what would go.

  --dry-run       only says what would go
  --grace <time>  how old bytes are that no file has ever named, 7d unless set; below 24h it needs --force
  --accept        the log is right although it names over 20 % fewer files than at the last run, or is another one
`,
  options: {
    'dry-run': { type: 'boolean' },
    accept: { type: 'boolean' },
    force: { type: 'boolean' },
    grace: { type: 'string' },
  },
  run: async ({ flags, configFile, env, cwd, signal, output, json }) => {
    const graceMs = readGrace(flags.text('grace'), flags.has('force'))
    const parts = await open(loadConfig({ env, cwd, file: configFile }))
    const outcomes: object[] = []
    let failed = false
    try {
      const { logs, store } = parts
      const liveSets = readModelLiveSets({
        logs,
        reportLost: async (storeId, keys) => void (await appendLost(await logs.open(storeId), keys, Date.now())),
      })
      const rules = { dryRun: flags.has('dry-run'), accept: flags.has('accept'), graceMs }
      await collectAll(store, liveSets, rules, signal, (storeId: string, outcome: CollectReport | Error) => {
        failed ||= outcome instanceof Error
        const fields = gcFields(storeId, outcome)
        outcomes.push(fields)
        if (!json) output.write(`${JSON.stringify(fields)}\n`)
      })
    } finally {
      await parts.close()
    }
    output.result({ ok: !failed, stores: outcomes }, outcomes.length === 0 ? 'No store has an event log here.\n' : '')
    return failed ? 1 : 0
  },
}

const readGrace = (text: string | undefined, force: boolean): number => {
  const graceMs = text === undefined ? DEFAULT_RULES.graceMs : readDuration('--grace', text)
  if (graceMs >= SHORTEST_SAFE_GRACE_MS || force) return graceMs
  throw new UsageError('--grace: below 24h, devices that are offline for a day lose files. Add --force if you mean it.')
}

const open = async (config: ReturnType<typeof loadConfig>): Promise<Parts> => {
  try {
    return await openParts(config, '')
  } catch (error) {
    if (!isEventLogError(error) || error.code !== 'locked') throw error
    const message = `A server runs on ${config.dataDir}, and collects every hour by itself. Stop it first.`
    throw new Error(message, { cause: error })
  }
}
