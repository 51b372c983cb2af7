/** What can be wrong with the data folder. */
import { lstat, mkdtemp, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'

export interface Finding {
  readonly name: string
  readonly verdict: 'ok' | 'warn' | 'fail'
  /** what was found and, unless it is ok, what to do */
  readonly detail: string
}

/** Below this the next uploads of a day may not fit. */
const LOW_SPACE_BYTES = 1024 ** 3

/** Changes nothing: what it writes, it removes. A server may run on the folder. */
export const examineFolder = async (dataDir: string): Promise<readonly Finding[]> => {
  const name = 'data folder'
  const stat = await lstat(dataDir).catch((error: NodeJS.ErrnoException) => error)
  if (stat instanceof Error) {
    const detail = `${dataDir} ${stat.code === 'ENOENT' ? 'does not exist. Run: rockpool-server init' : `cannot be read (${stat.code})`}`
    return [{ name, verdict: 'fail', detail }]
  }
  if (!stat.isDirectory())
    return [{ name, verdict: 'fail', detail: `${dataDir} is no folder. Set storage.local.path.` }]
  return [await writable(dataDir), await privacy(dataDir), await space(dataDir)]
}

const writable = async (dataDir: string): Promise<Finding> => {
  try {
    await rm(await mkdtemp(join(dataDir, '.doctor-')), { recursive: true })
    return { name: 'data folder', verdict: 'ok', detail: `${dataDir} can be written` }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const detail = `${dataDir} cannot be written (${code}). Give it to the user of the server.`
    return { name: 'data folder', verdict: 'fail', detail }
  }
}

const privacy = async (dataDir: string): Promise<Finding> => {
  const name = 'data folder: who may read'
  const open = await firstOpen(dataDir)
  if (open === undefined) return { name, verdict: 'ok', detail: 'only its user' }
  return { name, verdict: 'fail', detail: `${open} is open to other users. Run: chmod -R go= ${dataDir}` }
}

/** Windows has no modes. */
const isOpen = (mode: number): boolean => process.platform !== 'win32' && (mode & 0o077) !== 0

/** The folder itself protects what is in it; the files beside the bytes count once somebody copies them. */
const firstOpen = async (dataDir: string): Promise<string | undefined> => {
  if (isOpen((await lstat(dataDir)).mode)) return dataDir
  for (const entry of await readdir(dataDir, { withFileTypes: true })) {
    const path = join(dataDir, entry.name)
    if (!entry.isSymbolicLink() && isOpen((await lstat(path)).mode)) return path
  }
  return undefined
}

const space = async (dataDir: string): Promise<Finding> => {
  const { bavail, bsize } = await statfs(dataDir)
  const gib = ((bavail * bsize) / 1024 ** 3).toFixed(1)
  if (bavail * bsize >= LOW_SPACE_BYTES) return { name: 'disk', verdict: 'ok', detail: `${gib} GiB are free` }
  return { name: 'disk', verdict: 'warn', detail: `only ${gib} GiB are free. Free some space.` }
}
