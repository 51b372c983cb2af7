/** `rockpool-signer serve`: the signer as its environment says, until it is told to stop. */
import { createSigner } from '../app.ts'
import { type Config, type Environment, readConfig } from '../config.ts'
import { logHooks } from '../log.ts'
import { serve } from '../node.ts'
import { openStore } from '../open-store.ts'
import { type Authenticate, jwksTokens, sharedSecretTokens } from '../token.ts'

export interface RunningSigner {
  readonly url: string
  stop(): Promise<void>
}

/** Starts the signer. @throws an error whose message is one line that says what is wrong */
export const startFromEnvironment = async (env: Environment, write: (line: string) => void): Promise<RunningSigner> => {
  const config = readConfig(env)
  const { store, urlSecret } = await openStore(config.store, config.publicBaseUrl)
  try {
    const { buckets, origins, publicBaseUrl, cdnBaseUrl, serviceRole, longestShare, gateway, host, port } = config
    const signer = createSigner({
      store,
      authenticate: authenticator(config.tokens),
      buckets,
      serviceRole,
      longestShare,
      gateway,
      ...(publicBaseUrl !== '' && { publicBaseUrl }),
      cors: { origins },
      hooks: logHooks(write),
      ...(urlSecret !== undefined && { urlSecret }),
      ...(cdnBaseUrl !== undefined && { cdnBaseUrl }),
    })
    const server = await serve(signer, { port, hostname: host }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EADDRINUSE'
        ? new Error(`PORT: ${port} is in use. Set another one.`, { cause: error })
        : error
    })
    return {
      url: `http://${host}:${server.port}`,
      async stop() {
        await server.stop()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

const authenticator = (tokens: Config['tokens']): Authenticate =>
  tokens.kind === 'jwks' ? jwksTokens(tokens) : sharedSecretTokens(tokens)
