/** `rockpool-server rebuild` */
import { join } from 'node:path'
import { rebuild as rebuildIndex, type RebuildReport } from '@rockpool/object-store/local'
import { loadConfig } from '../config/load-config.ts'
import { openLogs } from '../serve/open-logs.ts'
import { every2s } from '../tasks/task.ts'
import type { Command } from './command.ts'

export const rebuild: Command = {
  name: 'rebuild',
  usage: '',
  summary: 'Rebuilds the indexes: of the bytes from the files on the disk, of the records from the event logs',
  details: `
For a folder that was restored without its index, or with an older one. Reads and hashes the files that the index lacks.
Nothing is deleted: files that belong to no key go to the folder "quarantine". Stop the server of this folder
first. Records of logs in Postgres are rebuilt while other servers run.
`,
  options: {},
  run: async ({ configFile, env, cwd, signal, output, json }) => {
    const config = loadConfig({ env, cwd, file: configFile })
    const { store, dataDir } = config
    // First, since it locks out a server.
    const logs = await openLogs(config)
    try {
      const bytes = store.mode === 's3' ? undefined : await rebuildBytes(dataDir, signal, output.progress)
      const stores = await logs.storeIds()
      for (const storeId of stores) {
        signal.throwIfAborted()
        await (await logs.open(storeId)).readModel.rebuild()
      }
      const isWhole = bytes === undefined || bytes.lost.length === 0
      output.result({ ok: isWhole, bytes: bytes ?? null, stores }, json ? '' : describe(bytes, stores))
      return isWhole ? 0 : 1
    } finally {
      await logs.close()
    }
  },
}

const rebuildBytes = (
  dataDir: string,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<RebuildReport> => {
  const report = every2s(progress)
  return rebuildIndex(join(dataDir, 'store'), {
    signal,
    onProgress: ({ files, total }) =>
      report(() => `${files.toLocaleString('en')} of ${total.toLocaleString('en')} files`),
  })
}

const describe = (bytes: RebuildReport | undefined, stores: readonly string[]): string => {
  const lines = bytes
    ? [
        `Objects       ${bytes.objects}`,
        `Recovered     ${bytes.recoveredFiles} files that the former index did not name`,
        `Without name  ${bytes.unnamedFiles} files; the next start moves them to quarantine`,
        `Lost          ${bytes.lost.length}${bytes.lost.length > 0 ? ': restore these from a backup' : ''}`,
        ...bytes.lost.slice(0, 20).map((key) => `  ${key}`),
      ]
    : []
  return [...lines, `Records       of ${stores.length} stores`, ''].join('\n')
}
