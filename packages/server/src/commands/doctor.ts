/** `rockpool-server doctor` */
import { loadConfig } from '../config/load-config.ts'
import { examineFolder, type Finding } from '../doctor/examine-folder.ts'
import { examinePostgres } from '../doctor/examine-postgres.ts'
import { examine } from '../s3/doctor.ts'
import type { Command } from './command.ts'

export const doctor: Command = {
  name: 'doctor',
  usage: '',
  summary: 'Tries what the configuration needs: the data folder, Postgres and, with S3, what the bucket enforces',
  details: `
Each line says ok, warn (a drawback to know) or fail (do what the line says, or use another bucket). Ends with 1 after a fail.
What it uploads to an S3 bucket is under tmp/, and is removed.
`,
  options: {},
  run: async ({ configFile, env, cwd, output, json }) => {
    const { store, eventLog, dataDir, signer } = loadConfig({ env, cwd, file: configFile })
    const findings: Finding[] = []
    const emit = (finding: Finding) => {
      findings.push(finding)
      const { verdict, name, detail } = finding
      if (!json) output.write(`${verdict.padEnd(4)}  ${name.padEnd(36)}  ${detail}\n`)
    }
    for (const finding of await examineFolder(dataDir)) emit(finding)
    if (eventLog.backend === 'postgres') for (const finding of await examinePostgres(eventLog.url)) emit(finding)
    if (store.mode !== 'local') await examine({ s3: store.s3, origins: signer.origins }, emit)
    const isHealthy = findings.every(({ verdict }) => verdict !== 'fail')
    output.result({ ok: isHealthy, findings }, '')
    return isHealthy ? 0 : 1
  },
}
