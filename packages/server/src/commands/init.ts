/** `rockpool-server init` */
import { loadConfig, loadSources } from '../config/load-config.ts'
import { writeFirstConfig } from '../init/first-config.ts'
import { initBucket } from '../s3/init.ts'
import { ensureDataFolder } from '../serve/parts.ts'
import type { Command, Input } from './command.ts'

interface Step {
  readonly what: string
  readonly outcome: string
  readonly note?: string
}

export const init: Command = {
  name: 'init',
  usage: '[--create-bucket] [--dry-run]',
  summary: 'Makes what the server needs: a configuration, the data folder, the settings of the S3 bucket',
  details: `
Without a configuration: writes rockpool.yaml and a secret for tokens, in this folder. With one: creates the data folder and,
with the backend s3 or hybrid, sets up the S3 bucket: CORS, lifecycle, no public access. Run again, it changes nothing.

  --create-bucket  creates the S3 bucket when it does not exist
  --dry-run        only says what would be done
`,
  options: { 'create-bucket': { type: 'boolean' }, 'dry-run': { type: 'boolean' } },
  run: async (input) => {
    const { flags, configFile, env, cwd, output, json } = input
    const dryRun = flags.has('dry-run')
    const steps: Step[] = []
    const emit = (step: Step) => {
      steps.push(step)
      const { what, outcome, note } = step
      if (!json)
        output.write(`${outcome.padEnd(13)}  ${what}${note === undefined ? '' : `\n${' '.repeat(15)}${note}`}\n`)
    }
    if (hasNone(input)) {
      for (const what of await writeFirstConfig(cwd, dryRun)) emit({ what, outcome: dryRun ? 'would be done' : 'done' })
      if (dryRun) return done(input, steps)
    }
    const { store, dataDir, signer } = loadConfig({ env, cwd, file: configFile })
    if (!dryRun) await ensureDataFolder(dataDir)
    emit({ what: `data folder ${dataDir}`, outcome: dryRun ? 'would be done' : 'done' })
    if (store.mode !== 'local') {
      const create = flags.has('create-bucket')
      await initBucket({ s3: store.s3, origins: signer.origins, create, dryRun }, emit)
    }
    return done(input, steps)
  },
}

/** Neither a file nor a variable says anything. */
const hasNone = ({ configFile, env, cwd }: Input): boolean => {
  if (configFile !== undefined) return false
  const { file, settings } = loadSources({ env, cwd })
  return file === undefined && settings.length === 0
}

const done = ({ output }: Input, steps: readonly Step[]): 0 => {
  output.result({ ok: true, steps }, '')
  return 0
}
