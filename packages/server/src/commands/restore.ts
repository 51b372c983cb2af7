/** `rockpool-server restore` */
import { resolve } from 'node:path'
import { restoreBackup } from '../backup/restore.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Command } from './command.ts'
import { describeFailed } from './describe-failed.ts'

export const restore: Command = {
  name: 'restore',
  usage: '<folder>',
  summary: 'Restores a backup into the data folder and the object store of the configuration',
  details: `
The data folder must have no event logs yet. Logs in Postgres are restored with its own tools. An interrupted restore
continues when you run it again. Devices that were ahead of the backup keep their files: they send what the restored logs
lack, or report that they are stuck.
`,
  options: {},
  words: ['folder'],
  run: async ({ words, configFile, env, cwd, signal, output }) => {
    const config = loadConfig({ env, cwd, file: configFile })
    const folder = resolve(cwd, words[0]!)
    const { backup, failed } = await restoreBackup({ folder, config, signal, progress: output.progress })
    const done = `Restored ${backup.stores.length} stores of ${backup.createdAt} into ${config.dataDir}.\n`
    output.result(
      { ok: failed.length === 0, backup, failed },
      `${done}${describeFailed(failed, 'could not be restored')}`,
    )
    return failed.length === 0 ? 0 : 1
  },
}
