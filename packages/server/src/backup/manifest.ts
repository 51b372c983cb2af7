/** What a backup says of itself: `backup.json`, written when all else is there. */
import { createReadStream } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from './copy-durably.ts'

export interface BackupManifest {
  readonly format: 1
  /** ISO 8601 */
  readonly createdAt: string
  readonly server: string
  /** Missing: SQLite. Logs in Postgres are not in the backup. */
  readonly eventLog?: 'postgres'
  readonly stores: readonly { readonly storeId: string; readonly backendId: string; readonly head: number }[]
  readonly bytes:
    /** in the folder `store` */
    | { readonly kind: 'copy'; readonly objects: number; readonly size: number }
    /** left where they are: `objects.jsonl` lists them */
    | { readonly kind: 'reference'; readonly objects: number; readonly size: number; readonly s3Bucket: string }
}

const FILE = 'backup.json'

export const writeManifest = async (folder: string, manifest: BackupManifest): Promise<void> => {
  const unfinished = join(folder, `${FILE}.new`)
  await writeFile(unfinished, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600, flush: true })
  await rename(unfinished, join(folder, FILE))
  await syncFolder(folder)
}

/** @throws Error of one line when the folder holds no whole backup, or one of a newer version */
export const readManifest = async (folder: string): Promise<BackupManifest> => {
  let manifest: BackupManifest
  try {
    manifest = JSON.parse(await readFile(join(folder, FILE), 'utf8')) as BackupManifest
  } catch (cause) {
    throw new Error(
      `There is no whole backup in ${folder}: ${FILE} is missing or damaged. Name the folder of a backup.`,
      { cause },
    )
  }
  if (manifest.format === 1) return manifest
  throw new Error(`The backup in ${folder} was made by a newer version. Update this server.`)
}

/** An object that a backup refers to, as a line of `objects.jsonl`. */
export interface ReferredObject {
  readonly key: string
  /** bytes */
  readonly size: number
}

export const OBJECTS_FILE = 'objects.jsonl'
export const EVENTS_FOLDER = 'events'
export const STORE_FOLDER = 'store'
/** The files of a data folder that hold secrets. Those of the configuration are the operator's to keep. */
export const SECRET_FILES: readonly string[] = ['url-secret']

/**
 * The lines of `objects.jsonl`. Not by node:readline, which does not pass on the errors of its stream.
 *
 * @throws Error of one line when the file cannot be read
 */
export async function* readReferred(folder: string): AsyncGenerator<ReferredObject, void> {
  const file = join(folder, OBJECTS_FILE)
  try {
    let rest = ''
    for await (const chunk of createReadStream(file, 'utf8')) {
      const lines = `${rest}${chunk as string}`.split('\n')
      rest = lines.pop()!
      for (const line of lines) yield JSON.parse(line) as ReferredObject
    }
    if (rest !== '') throw new Error('Its last line is cut.')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new Error(`The file ${file} cannot be read (${code ?? message}). Use another backup.`, { cause })
  }
}
