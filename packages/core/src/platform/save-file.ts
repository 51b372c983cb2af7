/** Saves a file where a person wants it, under its name. Runs in a page. */
import { type ErrorCode, isRockpoolError, removeBidiControls, RockpoolError } from '@rockpool/protocol'
import type { ObjectUrl } from '../object-urls.ts'
import type { PlatformClock } from './platform.ts'

export interface SavedFile {
  readonly name: string
  /** what the service worker serves as an attachment */
  readonly url: string
  /** Verified: damaged bytes end in a `corrupt` error, and the next stream does not have them. */
  stream(): Promise<ReadableStream<Uint8Array>>
  objectUrl(): Promise<ObjectUrl>
}

type ShowSaveFilePicker = (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>

/** Time for which a `blob:` URL outlives the click on its link (ms): FileSaver.js settled on it. */
const RELEASE_AFTER_MS = 40_000

/**
 * Saves by the first of these that the page has: a file picker, whose file takes the stream; a link to the file's URL; a link to a
 * `blob:` URL. Call it in a click handler, before any `await`: a picker opens only there.
 *
 * @returns false when the person closed the picker
 * @throws RockpoolError as reading the file does, and `disk_failed` when the picked file cannot be opened
 */
export const saveFile = async (file: SavedFile, clock: Pick<PlatformClock, 'setTimer'>): Promise<boolean> => {
  const pick = (globalThis as { readonly showSaveFilePicker?: ShowSaveFilePicker }).showSaveFilePicker
  if (pick) {
    const picked = await pick({ suggestedName: savedName(file) }).catch(nameOf)
    if (picked === 'AbortError') return false
    if (typeof picked === 'object') {
      await writeTo(picked, file).catch((error: unknown) => {
        if (!isRockpoolError(error, 'corrupt')) throw error
        // The damaged bytes are quarantined now: the second stream comes from object storage.
        return writeTo(picked, file)
      })
      return true
    }
    // Not allowed here, in a frame of another origin or after an `await`: a link is.
  }
  if (navigator.serviceWorker?.controller) await saveByUrl(file.url)
  else await saveByObjectUrl(file, clock)
  return true
}

/** The picked file changes when its stream closes: after an error it is as it was. */
const writeTo = async (picked: FileSystemFileHandle, file: SavedFile): Promise<void> => {
  const stream = await file.stream()
  await stream.pipeTo(await picked.createWritable().catch((cause) => notWritable(file, stream, cause)))
}

/** A file manager shows this name later: another user's bidi control must not hide its extension. */
const savedName = ({ name }: SavedFile): string => removeBidiControls(name) || 'file'

const nameOf = (error: unknown): string => (error instanceof DOMException ? error.name : 'Error')

/** Cancels the stream: an unread download keeps its connections until its stream ends. */
const notWritable = async ({ name }: SavedFile, stream: ReadableStream<Uint8Array>, cause: unknown): Promise<never> => {
  await stream.cancel().catch(() => {}) // a failed download has ended
  throw new RockpoolError('disk_failed', `"${name}" could not be saved there. Choose another folder.`, { cause })
}

/** The URL is opened first: the response to a link would replace the page by an error. */
const saveByUrl = async (url: string): Promise<void> => {
  const response = await fetch(url)
  if (!response.ok) {
    const { error } = (await response.json()) as {
      readonly error: { readonly code: ErrorCode; readonly message: string }
    }
    throw new RockpoolError(error.code, error.message)
  }
  await response.body?.cancel()
  // Without the attribute `download`, with which Chromium sends the request past the worker: https://crbug.com/40410035
  click({ href: url })
}

const saveByObjectUrl = async (file: SavedFile, clock: Pick<PlatformClock, 'setTimer'>): Promise<void> => {
  const { url, release } = await file.objectUrl()
  click({ href: url, download: savedName(file) })
  clock.setTimer(release, RELEASE_AFTER_MS)
}

const click = (link: { readonly href: string; readonly download?: string }): void =>
  Object.assign(document.createElement('a'), link).click()
