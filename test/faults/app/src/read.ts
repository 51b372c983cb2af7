/** Reads files in every way that the app has, and says what was served. */
import { type FileRecord, isRockpoolError, type Pool } from 'rockpool'

export type Reading = 'open' | 'stream' | 'fetch'

/** What a file's content was when it was read. The test knows what it should have been. */
export interface Served {
  readonly id: string
  readonly remoteKey: string
  readonly size: number
  /** hex SHA-256 of all bytes */
  readonly sha256: string
}

/** A reader that waits longer leaves (ms). */
const TIMEOUT_MS = 60_000

/** @throws RockpoolError; Error when the service worker does not respond with the file */
export const readFile = async (pool: Pool, how: Reading, file: FileRecord): Promise<Served> => {
  const bytes = await READINGS[how](pool, file, AbortSignal.timeout(TIMEOUT_MS))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return { id: file.id, remoteKey: file.remoteKey, size: bytes.byteLength, sha256 }
}

const READINGS: Readonly<Record<Reading, (pool: Pool, file: FileRecord, signal: AbortSignal) => Promise<ArrayBuffer>>> =
  {
    open: async (pool, file, signal) => (await pool.open(file, { signal })).arrayBuffer(),
    stream: async (pool, file, signal) => new Response(await pool.stream(file, { signal })).arrayBuffer(),
    fetch: async (pool, file, signal) => {
      const response = await fetch(pool.url(file), { signal })
      if (!response.ok) throw new NotServed(`status ${response.status}`)
      return response.arrayBuffer()
    },
  }

/** The service worker responded with an error. */
export class NotServed extends Error {}

export interface Opened {
  readonly served: readonly Served[]
  /** why the others could not be opened, by id */
  readonly unopened: readonly { readonly id: string; readonly reason: string }[]
}

/** Reads each live file, one after the other. */
export const openAll = async (pool: Pool, how: Reading): Promise<Opened> => {
  const served: Served[] = []
  const unopened: { id: string; reason: string }[] = []
  for (const file of pool.files.list({ limit: Number.MAX_SAFE_INTEGER })) {
    try {
      served.push(await readFile(pool, how, file))
    } catch (error) {
      unopened.push({ id: file.id, reason: isRockpoolError(error) ? error.code : String(error) })
    }
  }
  return { served, unopened }
}
