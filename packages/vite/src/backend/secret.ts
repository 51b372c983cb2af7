import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** 32 random bytes, in hex. */
const SECRET = /^[0-9a-f]{64}$/

/** The folder's secret, made at its first use; only its owner can read it. */
export const secretIn = async (dataDir: string): Promise<string> => {
  const file = join(dataDir, 'secret')
  const known = await readFile(file, 'utf8').catch(() => '')
  if (SECRET.test(known)) return known
  const secret = randomBytes(32).toString('hex')
  await writeFile(file, secret, { mode: 0o600 })
  return secret
}
