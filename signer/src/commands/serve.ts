/** `rockpool-signer serve`: the signer as its environment says, until it is told to stop. */
import type { Environment } from '@rockpool/access'
import { readConfig } from '../config.ts'
import { configuredSigner } from '../configured-signer.ts'
import type { CollectReport } from '../gc/collect.ts'
import { collectAll, collectHourly, loadLiveSets } from '../gc/command.ts'
import { DEFAULT_RULES } from '../gc/verdict.ts'
import { logReplication } from '../log.ts'
import { serve } from '../node.ts'
import { openStore } from '../open-store.ts'

export interface RunningSigner {
  readonly url: string
  stop(): Promise<void>
}

/** Starts the signer. @throws an error whose message is one line that says what is wrong */
export const startFromEnvironment = async (env: Environment, write: (line: string) => void): Promise<RunningSigner> => {
  const config = readConfig(env)
  const opened = await openStore(config.store, config.publicBaseUrl, logReplication(write))
  const { store } = opened
  try {
    const { host, port } = config
    const signer = configuredSigner(config, opened, write)
    const server = await serve(signer, { port, hostname: host }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EADDRINUSE'
        ? new Error(`PORT: ${port} is in use. Set another one.`, { cause: error })
        : error
    })
    const stopping = new AbortController()
    if (config.liveSet !== undefined) {
      const liveSets = await loadLiveSets(config.liveSet)
      const flags = { dryRun: false, accept: false, graceMs: DEFAULT_RULES.graceMs }
      const tell = (storeId: string, outcome: CollectReport | Error) => write(gcLine(storeId, outcome))
      collectHourly(() => collectAll(store, liveSets, flags, stopping.signal, tell), stopping.signal)
    }
    return {
      url: `http://${host}:${server.port}`,
      async stop() {
        stopping.abort()
        await server.stop()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** What a collection did, as a line of the log. */
export const gcLine = (storeId: string, outcome: CollectReport | Error): string =>
  `${JSON.stringify({
    time: new Date().toISOString(),
    kind: 'gc',
    storeId,
    ...(outcome instanceof Error ? { error: outcome.message } : outcome),
  })}\n`
