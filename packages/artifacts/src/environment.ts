/** Settings from environment variables. */
import { ArtifactError } from './errors.ts'
import type { ArtifactsOptions } from './artifacts.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const DEFAULT_REGION = 'us-east-1'
export const DEFAULT_BUCKET = 'fave-artifacts'

/** 3 to 63 characters; the first and the last are letters or digits (Amazon S3 user guide, "Bucket naming rules"). */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/**
 * Reads `ARTIFACT_ENDPOINT`, `ARTIFACT_REGION` (us-east-1), `ARTIFACT_BUCKET` (fave-artifacts), and `ARTIFACT_ACCESS_KEY`
 * with `ARTIFACT_SECRET_KEY`: S3 with credentials of its own, AWS when no endpoint is set. With `ARTIFACT_TOKEN` instead
 * of the keys, the endpoint is a Rockpool signer, such as `https://files.example/signer`. An empty variable counts as
 * not set.
 *
 * @throws ArtifactError `bad_settings`, one line that names the variable, never its value
 */
export const readEnvironment = (env: Environment): ArtifactsOptions => {
  const variable = (name: string): string | undefined => env[name]?.trim() || undefined
  const endpoint = variable('ARTIFACT_ENDPOINT')
  const region = variable('ARTIFACT_REGION') ?? DEFAULT_REGION
  const bucket = variable('ARTIFACT_BUCKET') ?? DEFAULT_BUCKET
  const [accessKey, secretKey] = [variable('ARTIFACT_ACCESS_KEY'), variable('ARTIFACT_SECRET_KEY')]
  const token = variable('ARTIFACT_TOKEN')

  if (endpoint !== undefined && !isHttpUrl(endpoint)) {
    throw wrong('ARTIFACT_ENDPOINT', 'set it to a URL such as https://s3.example, without a query')
  }
  if (!/^[a-z0-9-]+$/.test(region)) throw wrong('ARTIFACT_REGION', 'set it to a region such as us-east-1')
  if (!BUCKET.test(bucket))
    throw wrong('ARTIFACT_BUCKET', 'set it to the name of an S3 bucket: 3 to 63 of a-z, 0-9, "." and "-"')
  if (token !== undefined) {
    if (accessKey !== undefined || secretKey !== undefined) {
      throw wrong('ARTIFACT_TOKEN', 'set it, or the two keys, not both')
    }
    if (endpoint === undefined)
      throw wrong('ARTIFACT_ENDPOINT', 'set it to the URL of the signer that ARTIFACT_TOKEN is for')
    return { server: { url: endpoint, token }, bucket }
  }
  if (accessKey === undefined) throw wrong('ARTIFACT_ACCESS_KEY', 'set it, or ARTIFACT_TOKEN for a Rockpool server')
  if (secretKey === undefined) throw wrong('ARTIFACT_SECRET_KEY', 'set it: it belongs to ARTIFACT_ACCESS_KEY')
  return { s3: { endpoint, region, accessKey, secretKey }, bucket }
}

const wrong = (name: string, what: string) => new ArtifactError('bad_settings', `${name}: ${what}.`)

/** Of a URL with a password, the error of `fetch` would repeat the password. */
export const isHttpUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, search, hash } = new URL(text)
  return (protocol === 'https:' || protocol === 'http:') && !(username || password || search || hash)
}
