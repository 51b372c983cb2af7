/** `rockpool-server gc` */
import { loadConfig } from '../config/load-config.ts'
import { DEFAULT_RULES, SHORTEST_SAFE_GRACE_MS } from '../gc/verdict.ts'
import { collectGarbage } from '../tasks/collect-garbage.ts'
import { runTask } from '../tasks/run-task.ts'
import { type Command, UsageError } from './command.ts'
import { readDuration } from './duration.ts'

export const gc: Command = {
  name: 'gc',
  usage: '[--dry-run] [--grace 7d [--force]] [--accept]',
  summary: 'Deletes bytes that no file names any more, now; a running server does so every hour by itself',
  details: `
Prints one JSON line per store. The first run of a store only takes note of what would go.

  --dry-run       only says what would go
  --grace <time>  how old bytes are that no file has ever named, 7d unless set; below 24h it needs --force
  --accept        the log is right although it names over 20 % fewer files (deleted ones count) than at the last run, or is
                  another one
`,
  options: {
    'dry-run': { type: 'boolean' },
    accept: { type: 'boolean' },
    force: { type: 'boolean' },
    grace: { type: 'string' },
  },
  run: async ({ flags, configFile, env, cwd, signal, output }) => {
    const graceMs = readGrace(flags.text('grace'), flags.has('force'))
    const config = loadConfig({ env, cwd, file: configFile })
    const args = { dryRun: flags.has('dry-run'), accept: flags.has('accept'), graceMs }
    const result = await runTask(collectGarbage, args, { config, signal, progress: output.progress })
    const lines = result.stores.map((fields) => `${JSON.stringify(fields)}\n`).join('')
    output.result(result, lines || 'No store has an event log here.\n')
    return result.ok ? 0 : 1
  },
}

const readGrace = (text: string | undefined, force: boolean): number => {
  const graceMs = text === undefined ? DEFAULT_RULES.graceMs : readDuration('--grace', text)
  if (graceMs >= SHORTEST_SAFE_GRACE_MS || force) return graceMs
  throw new UsageError('--grace: below 24h, devices that are offline for a day lose files. Add --force if you mean it.')
}
