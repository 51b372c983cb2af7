/** The configuration that a newcomer starts with: everything in this folder, on this machine. */
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CONFIG_FILE } from '../config/settings.ts'

const DATA_FOLDER = 'rockpool-data'
const SECRET_FILE = `${DATA_FOLDER}/jwt-secret`

const YAML = `# Rockpool's server. All settings: https://www.npmjs.com/package/@rockpool/server
server:
  host: 127.0.0.1
  port: 8787
  # Where browsers reach this server; needed when host is not this machine.
  # public_url: https://files.example.com
  # Web apps that are served from elsewhere:
  # allowed_origins: [http://localhost:5173]

storage:
  backend: local # or s3, or hybrid: a folder that is replicated to S3
  local:
    path: ./${DATA_FOLDER}

auth:
  # Signs the tokens of your users (HS256). Try one: rockpool-server token --user ada --store my-store
  jwt_secret_file: ./${SECRET_FILE}

buckets:
  files: { access: store }
`

/**
 * Writes neither over an existing file.
 *
 * @returns what was made, or in a dry run: would be
 */
export const writeFirstConfig = async (folder: string, dryRun: boolean): Promise<readonly string[]> => {
  const made = [`secret for tokens in ${SECRET_FILE}`, CONFIG_FILE]
  if (dryRun) return made
  await mkdir(join(folder, DATA_FOLDER), { recursive: true, mode: 0o700 })
  const secret = `${randomBytes(32).toString('base64')}\n`
  await create(join(folder, SECRET_FILE), secret)
  await create(join(folder, CONFIG_FILE), YAML)
  return made
}

const create = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600, flush: true })
  } catch (error) {
    // Left by an init that did not come to its end.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
