/** `rockpool-server backup` */
import { resolve } from 'node:path'
import { backUp } from '../backup/back-up.ts'
import { loadConfig } from '../config/load-config.ts'
import { runTask } from '../tasks/run-task.ts'
import type { Command } from './command.ts'
import { describeFailed } from './describe-failed.ts'

export const backup: Command = {
  name: 'backup',
  usage: '<folder> [--reference]',
  summary: 'Writes a consistent copy of event logs, secrets and bytes to a folder, while the server runs',
  details: `
Bytes are verified by their hash. A folder with an older backup is brought up to date: only what it lacks is copied.
The configuration and the secrets that it names are not in a backup: keep a copy of these yourself. Nor are event logs in
Postgres: save them with pg_dump, before the backup, so that it has the bytes of every file in them.

  --reference  lists the bytes instead of copying them; with the backends s3 and hybrid, whose bytes are in S3
`,
  options: { reference: { type: 'boolean' } },
  words: ['folder'],
  run: async ({ words, flags, configFile, env, cwd, signal, output }) => {
    const config = loadConfig({ env, cwd, file: configFile })
    const folder = resolve(cwd, words[0]!)
    const bytes = flags.has('reference') ? 'reference' : 'copy'
    const result = await runTask(backUp, { folder, bytes }, { config, signal, progress: output.progress })
    const { stores, failed } = result
    const done = `Backup in ${folder}: ${stores.length} stores, ${result.bytes.objects} objects.\n`
    output.result({ ok: failed.length === 0, ...result }, `${done}${describeFailed(failed, 'could not be read')}`)
    return failed.length === 0 ? 0 : 1
  },
}
