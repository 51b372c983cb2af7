/** `rockpool-server serve` */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadConfig } from '../config/load-config.ts'
import { isInside } from '../config/paths.ts'
import { createLog } from '../serve/log.ts'
import { outsideRequests } from '../serve/request-scope.ts'
import { startServer } from '../serve/start-server.ts'
import { openTracer } from '../serve/tracing.ts'
import { type Command, UsageError } from './command.ts'

export const serve: Command = {
  name: 'serve',
  usage: '[--static <folder>]',
  summary: 'Runs the server: signer, sync server and garbage collection on one port',
  details: `
  /signer/*   checks rights, and signs URLs        /health  the process is up: starting, running or draining
  /sync/*     keeps the event logs                 /ready   200 when it can take work
  /storage/*  REST API: files by bucket and path   /metrics for Prometheus; block it in your proxy
  --static <folder>  serves a built web app at /

Standard output is the log, one JSON line each. SIGTERM: waits for the calls under way, then ends; a second one ends at once.
`,
  options: { static: { type: 'string' } },
  run: async ({ flags, configFile, env, cwd, signal, output }) => {
    const config = loadConfig({ env, cwd, file: configFile })
    const folder = flags.text('static')
    const staticFolder = folder === undefined ? undefined : resolve(cwd, folder)
    if (staticFolder !== undefined && existsSync(staticFolder)) refuseDataFolder(staticFolder, config.dataDir)
    for (const warning of config.warnings) output.progress(`rockpool-server: ${warning}`)
    const log = createLog(output.write, { level: config.logLevel })
    // An export carries the spans of many requests.
    const tracer = await openTracer(env, (error) => outsideRequests(() => log.warn('tracing', { error })))
    const server = await startServer({ config, log, staticFolder, tracer })
    output.progress(`rockpool-server: listening on ${server.url}`)
    if (!signal.aborted) await once(signal, 'abort')
    output.progress('rockpool-server: stopping; waits for the calls under way')
    await server.stop()
    await tracer?.close()
    return 0
  },
}

/** Readers of the app must not read the data. */
const refuseDataFolder = (folder: string, dataDir: string): void => {
  if (!isInside(dataDir, folder) && !isInside(folder, dataDir)) return
  throw new UsageError(`--static ${folder} would publish the data in ${dataDir}. Name the folder of the built app.`)
}
