/** `rockpool-server token` */
import { isRequestId, isStoreId, type Right } from '@rockpool/protocol'
import { SignJWT } from 'jose'
import { loadConfig } from '../config/load-config.ts'
import { readDuration } from './duration.ts'
import { type Command, UsageError } from './command.ts'

/** Without `admin`: who makes buckets and releases held files names that right. */
const DEFAULT_RIGHTS: readonly Right[] = ['read', 'write', 'delete']
const STORE_RIGHTS: readonly Right[] = [...DEFAULT_RIGHTS, 'admin']
/** Nothing about the artifacts of a request needs `admin`. */
const REQUEST_RIGHTS = DEFAULT_RIGHTS
const DEFAULT_LIFETIME = '1h'

export const token: Command = {
  name: 'token',
  usage: '--user <name> --store <id>[:<rights>] [--request <id>[:<rights>]] [--expires 1h]',
  summary: 'Prints a token that gives a user rights in a store, or on the artifacts of a request',
  details: `
  --user <name>     the claim "sub"
  --store <id>      with read, write and delete, or the rights behind the colon (app:read,admin); admin makes buckets, and
                    releases held files
  --request <id>    on the artifacts of this request (a UUID), instead of a store or beside it; with read, write and delete,
                    or those behind the colon
  --expires <time>  such as 10m, 1h or 30d; 1h unless set

For trying out, and for services. An app's own backend makes the tokens of its users, with auth.jwt_secret.
`,
  options: {
    user: { type: 'string' },
    store: { type: 'string' },
    request: { type: 'string' },
    expires: { type: 'string' },
  },
  run: async ({ flags, configFile, env, cwd, output }) => {
    const [user, store, request] = [flags.text('user'), flags.text('store'), flags.text('request')]
    if (!user || (!store && !request)) {
      throw new UsageError('Write: rockpool-server token --user <name> --store <id>, or --request <id>')
    }
    const stores = store
      ? readGrant('--store', store, STORE_RIGHTS, isStoreId, 'no store id (letters, digits, _ and -)')
      : {}
    const requests =
      request && readGrant('--request', request, REQUEST_RIGHTS, isRequestId, 'no request id (a UUID v4 in lower case)')
    const seconds = Math.floor(readDuration('--expires', flags.text('expires') ?? DEFAULT_LIFETIME) / 1_000)
    const { tokens } = loadConfig({ env, cwd, file: configFile }).signer
    if (tokens.kind === 'jwks') {
      throw new Error('Tokens are signed by the identity provider of auth.jwks_url. Ask it for one.')
    }
    const expiresAt = Math.floor(Date.now() / 1_000) + seconds
    const signing = new SignJWT({ stores, ...(requests && { requests }) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(user)
      .setIssuedAt()
      .setExpirationTime(expiresAt)
    if (tokens.issuer !== undefined) signing.setIssuer(tokens.issuer)
    if (tokens.audience !== undefined) signing.setAudience(tokens.audience)
    const signed = await signing.sign(new TextEncoder().encode(tokens.secrets[0]))
    output.result({ token: signed, expiresAt: new Date(expiresAt * 1_000).toISOString() }, `${signed}\n`)
    return 0
  },
}

const readGrant = (
  option: string,
  text: string,
  allowed: readonly Right[],
  isId: (id: string) => boolean,
  problem: string,
): Readonly<Record<string, readonly Right[]>> => {
  const [id = '', list] = text.split(':', 2)
  if (!isId(id)) throw new UsageError(`${option}: "${id}" is ${problem}.`)
  if (list === undefined) return { [id]: DEFAULT_RIGHTS }
  const rights = list.split(',')
  const unknown = rights.find((right) => !allowed.includes(right as Right))
  if (unknown !== undefined) {
    throw new UsageError(`${option}: "${unknown}" is no right. Rights are ${allowed.join(', ')}.`)
  }
  return { [id]: rights as Right[] }
}
