/**
 * Every setting: its key in the YAML file and its environment variable. The file is read as another way to write the
 * environment, so that both pass the same checks.
 */

export type SettingKind =
  | 'text'
  /** relative to the file that names it, or to the working folder */
  | 'path'
  | 'number'
  | 'boolean'
  /** YAML: a list; environment: separated by commas */
  | 'list'
  /** YAML: a map of maps; environment: JSON */
  | 'buckets'
  /** YAML: a list of maps; environment: the same as JSON */
  | 'webhooks'

export interface Setting {
  readonly key: string
  readonly variable: string
  readonly kind: SettingKind
  /** never shown; may stand in a file of its own: `<key>_file`, `<variable>_FILE` */
  readonly secret?: true
}

export const SETTINGS: readonly Setting[] = [
  { key: 'server.host', variable: 'HOST', kind: 'text' },
  { key: 'server.port', variable: 'PORT', kind: 'number' },
  { key: 'server.public_url', variable: 'ROCKPOOL_PUBLIC_URL', kind: 'text' },
  { key: 'server.cdn_url', variable: 'ROCKPOOL_CDN_BASE_URL', kind: 'text' },
  { key: 'server.allowed_origins', variable: 'ROCKPOOL_ALLOWED_ORIGINS', kind: 'list' },
  { key: 'server.trusted_proxies', variable: 'ROCKPOOL_TRUSTED_PROXIES', kind: 'list' },
  { key: 'server.gateway', variable: 'ROCKPOOL_GATEWAY', kind: 'boolean' },
  { key: 'event_log.backend', variable: 'ROCKPOOL_EVENT_LOG', kind: 'text' },
  { key: 'event_log.postgres.url', variable: 'ROCKPOOL_POSTGRES_URL', kind: 'text', secret: true },
  { key: 'storage.backend', variable: 'ROCKPOOL_STORE', kind: 'text' },
  { key: 'storage.local.path', variable: 'ROCKPOOL_DATA_DIR', kind: 'path' },
  { key: 'storage.hybrid.cache_size', variable: 'ROCKPOOL_CACHE_SIZE', kind: 'number' },
  { key: 'storage.s3.endpoint', variable: 'ARTIFACT_ENDPOINT', kind: 'text' },
  { key: 'storage.s3.public_endpoint', variable: 'ARTIFACT_PUBLIC_ENDPOINT', kind: 'text' },
  { key: 'storage.s3.region', variable: 'ARTIFACT_REGION', kind: 'text' },
  { key: 'storage.s3.bucket', variable: 'ARTIFACT_BUCKET', kind: 'text' },
  { key: 'storage.s3.access_key_id', variable: 'ARTIFACT_ACCESS_KEY', kind: 'text', secret: true },
  { key: 'storage.s3.secret_access_key', variable: 'ARTIFACT_SECRET_KEY', kind: 'text', secret: true },
  { key: 'storage.s3.use_path_style', variable: 'ARTIFACT_FORCE_PATH_STYLE', kind: 'boolean' },
  { key: 'storage.s3.confirm_uploads', variable: 'ROCKPOOL_CONFIRM_UPLOADS', kind: 'boolean' },
  { key: 'auth.jwt_secret', variable: 'ROCKPOOL_JWT_SECRET', kind: 'text', secret: true },
  { key: 'auth.jwt_secret_former', variable: 'ROCKPOOL_JWT_SECRET_FORMER', kind: 'text', secret: true },
  { key: 'auth.jwks_url', variable: 'ROCKPOOL_JWKS_URL', kind: 'text' },
  { key: 'auth.issuer', variable: 'ROCKPOOL_JWT_ISSUER', kind: 'text' },
  { key: 'auth.audience', variable: 'ROCKPOOL_JWT_AUDIENCE', kind: 'text' },
  { key: 'auth.receipt_secret', variable: 'ROCKPOOL_RECEIPT_SECRET', kind: 'text', secret: true },
  { key: 'auth.receipt_secret_former', variable: 'ROCKPOOL_RECEIPT_SECRET_FORMER', kind: 'text', secret: true },
  { key: 'auth.service_role', variable: 'ROCKPOOL_SERVICE_ROLE', kind: 'boolean' },
  { key: 'log.level', variable: 'ROCKPOOL_LOG_LEVEL', kind: 'text' },
  { key: 'limits.requests_per_second', variable: 'ROCKPOOL_RATE_LIMIT', kind: 'number' },
  { key: 'limits.share_seconds', variable: 'ROCKPOOL_LONGEST_SHARE', kind: 'number' },
  { key: 'limits.quota.store_bytes', variable: 'ROCKPOOL_QUOTA_STORE_BYTES', kind: 'number' },
  { key: 'limits.quota.store_files', variable: 'ROCKPOOL_QUOTA_STORE_FILES', kind: 'number' },
  { key: 'limits.quota.user_bytes', variable: 'ROCKPOOL_QUOTA_USER_BYTES', kind: 'number' },
  { key: 'limits.quota.user_files', variable: 'ROCKPOOL_QUOTA_USER_FILES', kind: 'number' },
  { key: 'limits.quota.log_events', variable: 'ROCKPOOL_QUOTA_LOG_EVENTS', kind: 'number' },
  { key: 'limits.quota.log_bytes', variable: 'ROCKPOOL_QUOTA_LOG_BYTES', kind: 'number' },
  { key: 'buckets', variable: 'ROCKPOOL_BUCKETS', kind: 'buckets' },
  { key: 'webhooks', variable: 'ROCKPOOL_WEBHOOKS', kind: 'webhooks', secret: true },
]

/** The key of earlier products for `storage.local.path`. */
export const LEGACY_PATH_KEY = 'avatar.storage_path'

/** Names the YAML file. */
export const CONFIG_VARIABLE = 'ROCKPOOL_CONFIG'

/** Where the file is looked for when nothing names it. */
export const CONFIG_FILE = 'rockpool.yaml'

export const settingOfKey = (key: string): Setting | undefined => SETTINGS.find((setting) => setting.key === key)

export const settingOfVariable = (variable: string): Setting | undefined =>
  SETTINGS.find((setting) => setting.variable === variable)
