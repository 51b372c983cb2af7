import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** 32 random bytes, in hex. */
const SECRET = /^[0-9a-f]{64}$/

/** The data folder's secret; undefined when there is none, or the file holds something else. */
export const readSecret = async (folder: string): Promise<string | undefined> => {
  const text = await readFile(join(folder, 'secret'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return ''
    throw error
  })
  return SECRET.test(text) ? text : undefined
}

/** The data folder's secret, which its first use creates. */
export const ensureSecret = async (folder: string): Promise<string> => {
  const known = await readSecret(folder)
  if (known !== undefined) return known
  const secret = randomBytes(32).toString('hex')
  await writeFile(join(folder, 'secret'), secret, { mode: 0o600 })
  return secret
}
