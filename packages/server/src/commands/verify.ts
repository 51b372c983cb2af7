/** `rockpool-server verify` */
import { loadConfig } from '../config/load-config.ts'
import { runTask } from '../tasks/run-task.ts'
import { verifyBytes } from '../tasks/verify-bytes.ts'
import type { Command } from './command.ts'

export const verify: Command = {
  name: 'verify',
  usage: '[--heal]',
  summary: 'Reads all bytes, compares them with their hash, and names what is damaged, while the server runs',
  details: `
Ends with 1 when something is damaged and stays so.

  --heal  with the backend hybrid, replaces damaged bytes by those of S3. What cannot be repaired is moved to the folder
          "quarantine" and counts as missing: devices that have the file upload it again
`,
  options: { heal: { type: 'boolean' } },
  run: async ({ flags, configFile, env, cwd, signal, output }) => {
    const config = loadConfig({ env, cwd, file: configFile })
    const report = await runTask(
      verifyBytes,
      { heal: flags.has('heal') },
      { config, signal, progress: output.progress },
    )
    const { checked, damaged, unproven } = report
    const ok = damaged.every(({ outcome }) => outcome === 'healed')
    const lines = [
      `${checked.toLocaleString('en')} objects checked, ${damaged.length} damaged.`,
      ...damaged.map(({ key, reason, outcome }) => `  ${outcome}: ${key}: ${reason}`),
      ...(unproven > 0 ? [`${unproven} objects have no hash: only their length was compared.`] : []),
    ]
    output.result({ ok, ...report }, `${lines.join('\n')}\n`)
    return ok ? 0 : 1
  },
}
