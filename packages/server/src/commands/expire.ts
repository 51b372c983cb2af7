/** `rockpool-server expire` */
import { loadConfig } from '../config/load-config.ts'
import { expireArtifacts } from '../tasks/expire.ts'
import { runTask } from '../tasks/run-task.ts'
import { type Command, UsageError } from './command.ts'
import { readDuration } from './duration.ts'

const DAY_MS = 86_400_000

export const expire: Command = {
  name: 'expire',
  usage: '--requests-older-than <time> [--dry-run]',
  summary: 'Removes the artifacts of old requests; run it daily where pipelines keep artifacts on this server',
  details: `
  --requests-older-than <time>  a request goes as a whole when its newest object is older: 30d; at least 1d
  --dry-run                     only says what would go
`,
  options: { 'requests-older-than': { type: 'string' }, 'dry-run': { type: 'boolean' } },
  run: async ({ flags, configFile, env, cwd, signal, output }) => {
    const text = flags.text('requests-older-than')
    if (text === undefined) throw new UsageError('--requests-older-than: say how long requests are kept, such as 30d.')
    const olderThanMs = readDuration('--requests-older-than', text)
    if (olderThanMs < DAY_MS) {
      throw new UsageError('--requests-older-than: give at least 1d, so that a request that runs does not go.')
    }
    const dryRun = flags.has('dry-run')
    const config = loadConfig({ env, cwd, file: configFile })
    const expired = await runTask(
      expireArtifacts,
      { olderThanMs, dryRun },
      { config, signal, progress: output.progress },
    )
    const { requests, objects, bytes } = expired
    const what = `${requests} requests with ${objects} objects, ${bytes} bytes`
    output.result({ ok: true, ...expired }, `${dryRun ? 'Would remove' : 'Removed'} ${what}.\n`)
    return 0
  },
}
