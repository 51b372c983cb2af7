/** The variables of one request: with a token that names this request only, where the orchestrator may sign tokens. */
import { SignJWT } from 'jose'

export type Environment = Readonly<Record<string, string | undefined>>

/** Longer than the stages of a request take. */
const TOKEN_LIFETIME = '6 hours'

/**
 * With `ARTIFACT_TOKEN_SECRET`, which is `auth.jwt_secret` of the server, `ARTIFACT_TOKEN` is a token for the request. Stages
 * get the token, never the secret.
 */
export const requestEnvironment = async (env: Environment, requestId: string): Promise<Environment> => {
  const { ARTIFACT_TOKEN_SECRET: secret, ...others } = env
  if (!secret) return others
  const token = await new SignJWT({ stores: {}, requests: { [requestId]: ['read', 'write', 'delete'] } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('claim-check')
    .setExpirationTime(TOKEN_LIFETIME)
    .sign(new TextEncoder().encode(secret))
  return { ...others, ARTIFACT_TOKEN: token }
}
