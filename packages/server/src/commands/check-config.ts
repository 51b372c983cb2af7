/** `rockpool-server check-config` */
import { loadSources, toServerConfig } from '../config/load-config.ts'
import type { Command } from './command.ts'

export const checkConfig: Command = {
  name: 'check-config',
  usage: '',
  summary: 'Checks the configuration and prints where each setting comes from',
  details: 'Opens nothing and changes nothing. Secrets are not printed.',
  options: {},
  run: async ({ configFile, env, cwd, output }) => {
    const sources = loadSources({ env, cwd, file: configFile })
    const { store, eventLog, dataDir, warnings } = toServerConfig(sources)
    const settings = sources.settings.map(({ setting: { key, secret }, value, source }) => ({
      key,
      value: secret ? '(set)' : value,
      source,
    }))
    const width = Math.max(0, ...settings.map(({ key }) => key.length))
    const lines = [
      ...settings.map(({ key, value, source }) => `${key.padEnd(width)}  ${value}    (${source})`),
      ...warnings.map((warning) => `Warning: ${warning}`),
      `The configuration is right: backend ${store.mode}, event logs in ${eventLog.backend}, data in ${dataDir}.`,
    ]
    output.result({ ok: true, file: sources.file ?? null, settings, warnings }, `${lines.join('\n')}\n`)
    return 0
  },
}
