/** Only the user who runs the server can read the data folder, whatever the umask was when its files were created. */
import { chmod, lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readSecret } from './secret.ts'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** What Rockpool keeps in the folder. */
const ENTRIES: ReadonlySet<string> = new Set(['secret', 'objects', 'events', 'events.importing', 'sync'])

/**
 * Creates the folder if it is missing, and makes everything in it private: folders 0700, files 0600.
 *
 * @throws Error when the folder cannot be made private, or has files that are not Rockpool's
 */
export const makePrivateFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
    // A home folder by mistake: its programs must not lose their mode.
    const foreign = (await readSecret(folder)) === undefined ? await foreignEntry(folder) : undefined
    if (foreign !== undefined) throw new Error(`it has other files, such as ${foreign}`)
    await tighten(folder)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new Error(
      `Rockpool cannot keep its data in ${folder}: ${code ?? message}. Set ROCKPOOL_DATA_DIR to an empty folder of your own.`,
      { cause },
    )
  }
}

const foreignEntry = async (folder: string) => (await readdir(folder)).find((name) => !ENTRIES.has(name))

/** Tightens the folder and all that is in it, or, with `since` (ms), the files of those folders that changed since then. */
export const tighten = async (folder: string, since = 0): Promise<void> => {
  // From the top: what is below a private folder is out of reach before its turn comes.
  await chmodTo(folder, FOLDER_MODE)
  const changed = (await lstat(folder)).mtimeMs >= since
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await tighten(path, since)
    // A symlink has no mode of its own; what it points to is not ours to change.
    else if (changed && entry.isFile()) await chmodTo(path, FILE_MODE)
  }
}

const chmodTo = async (path: string, mode: number): Promise<void> => {
  try {
    if (((await lstat(path)).mode & 0o777) !== mode) await chmod(path, mode)
  } catch (error) {
    // A database may have removed its journal.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Writes within this time (ms) are tightened together. */
const QUIET_MS = 200
/** mtime may lag behind the clock by a tick of the file system: two seconds on FAT. */
const MTIME_SLACK_MS = 2_000

export interface Tightening {
  /** Tightens new files after a moment. */
  soon(): void
  /** Resolves when everything is private. */
  stop(): Promise<void>
}

/**
 * Tightens the files that are created while the server runs. The private folder protects them already; their own mode
 * counts once somebody copies them elsewhere.
 */
export const keepPrivate = (folder: string): Tightening => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> = Promise.resolve()
  let since = Date.now()
  const run = () => {
    timer = undefined
    running = running.then(async () => {
      const start = Date.now()
      // makePrivateFolder has reported a folder that cannot be tightened; the next run tries again.
      await tighten(folder, since - MTIME_SLACK_MS).catch(() => {})
      since = start
    })
  }
  return {
    soon: () => {
      timer ??= setTimeout(run, QUIET_MS)
    },
    stop: () => {
      clearTimeout(timer)
      run()
      return running
    },
  }
}
