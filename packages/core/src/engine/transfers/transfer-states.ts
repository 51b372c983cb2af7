/**
 * The states of a transfer and what each input makes of them. One table for each direction, complete by its type; a test runs
 * every cell with the functions that the engine uses, and writes docs/concepts/transfers.md from the tables.
 */
import type { TransferRow } from '../../ports/local-index.ts'
import { isMissing, isStopped } from './transfer-row.ts'

export const UPLOAD_STATES = {
  none: 'there is nothing to send, or it was sent',
  queued: 'waits for a lane',
  running: 'an attempt is under way',
  sent: 'its PUT has ended; the signer is asked whether object storage has the content',
  backing_off: 'failed; the next attempt comes within 5 min',
  refused: 'failed in a way that hardly passes soon; the next attempt comes within 15 min',
  stopped: 'a person stopped it',
} as const

export const DOWNLOAD_STATES = {
  none: 'no file with the content is pinned, or it is here',
  queued: UPLOAD_STATES.queued,
  running: UPLOAD_STATES.running,
  backing_off: UPLOAD_STATES.backing_off,
  refused: UPLOAD_STATES.refused,
  missing: 'object storage does not have the content; the next attempt comes within 15 min',
} as const

export type UploadState = keyof typeof UPLOAD_STATES
export type DownloadState = keyof typeof DOWNLOAD_STATES

/** What a tab knows of a transfer beside its row. */
export interface TransferFacts {
  /** an attempt is under way */
  readonly isRunning: boolean
  /** its wait is over, or something has made it shorter */
  readonly isDue: boolean
}

export const uploadState = (row: TransferRow | undefined, { isRunning, isDue }: TransferFacts): UploadState => {
  if (!row) return 'none'
  if (isStopped(row)) return 'stopped'
  if (row.state === 'sent') return 'sent'
  if (isRunning) return 'running'
  if (isDue) return 'queued'
  return row.state === 'blocked' ? 'refused' : 'backing_off'
}

export const downloadState = (row: TransferRow | undefined, { isRunning, isDue }: TransferFacts): DownloadState => {
  if (!row) return 'none'
  if (isRunning) return 'running'
  if (isDue) return 'queued'
  if (row.state === 'waiting') return 'backing_off'
  return isMissing(row) ? 'missing' : 'refused'
}

export const UPLOAD_INPUTS = {
  added: 'a person adds the content, in this or another file',
  needed: 'a file names the content, this device has it, and does not know that object storage has it',
  retried: 'a person tries the file again',
  all_retried: 'a person tries everything again',
  cancelled: 'a person stops it',
  unnamed: 'the last file with the content is removed, or the sync server refuses it',
  started: 'a lane is free',
  interrupted: 'transfers are paused, or another tab leads',
  failed: 'the attempt fails: no network, a busy server',
  was_refused: 'the attempt fails: no right, too large, damaged',
  put_ended: 'its PUT ends with a status of success',
  stored: 'the signer saw the content in object storage',
  wait_over: 'its wait is over',
  woken: 'the leader starts, or the network or the person is back',
  new_token: 'the app has a new token',
  freed: 'another transfer succeeds that was refused for the same reason',
  proved: 'the log says, with a receipt, that object storage has the content',
  claimed: 'the log says so without a receipt',
  lost: 'the log says that object storage lost the content',
} as const

export const DOWNLOAD_INPUTS = {
  pinned: 'a person keeps the file on this device',
  unpinned: 'a person no longer does, or stops the download',
  retried: UPLOAD_INPUTS.retried,
  all_retried: UPLOAD_INPUTS.all_retried,
  unnamed: 'the last file with the content is removed',
  started: UPLOAD_INPUTS.started,
  interrupted: UPLOAD_INPUTS.interrupted,
  failed: UPLOAD_INPUTS.failed,
  was_refused: UPLOAD_INPUTS.was_refused,
  not_found: 'object storage does not have the content',
  kept: 'the content is on this disk, brought by this transfer or by a reader',
  wait_over: UPLOAD_INPUTS.wait_over,
  woken: UPLOAD_INPUTS.woken,
  new_token: UPLOAD_INPUTS.new_token,
  freed: UPLOAD_INPUTS.freed,
  proved: UPLOAD_INPUTS.proved,
  claimed: UPLOAD_INPUTS.claimed,
} as const

export type UploadInput = keyof typeof UPLOAD_INPUTS
export type DownloadInput = keyof typeof DOWNLOAD_INPUTS

/** `null`: the input does not come in this state. An attempt may end after somebody stopped or removed its transfer. */
type Transitions<Input extends string, State extends string> = Readonly<
  Record<Input, Readonly<Record<State, State | null>>>
>

/** Each state stays as it is. */
const SAME_UPLOAD = {
  none: 'none',
  queued: 'queued',
  running: 'running',
  sent: 'sent',
  backing_off: 'backing_off',
  refused: 'refused',
  stopped: 'stopped',
} as const satisfies { readonly [S in UploadState]: S }

/** The end of an attempt. */
const UPLOAD_END = {
  none: 'none',
  queued: null,
  running: null,
  sent: null,
  backing_off: null,
  refused: null,
  stopped: 'stopped',
} as const

const NO_UPLOAD = {
  none: 'none',
  queued: 'none',
  running: 'none',
  sent: 'none',
  backing_off: 'none',
  refused: 'none',
  stopped: 'none',
} as const

const QUEUED_UPLOAD = {
  none: 'queued',
  queued: 'queued',
  running: 'running',
  sent: 'queued',
  backing_off: 'queued',
  refused: 'queued',
  stopped: 'queued',
} as const

export const UPLOADS: Transitions<UploadInput, UploadState> = {
  added: QUEUED_UPLOAD,
  needed: { ...SAME_UPLOAD, none: 'queued' },
  retried: QUEUED_UPLOAD,
  all_retried: { ...SAME_UPLOAD, backing_off: 'queued', refused: 'queued' },
  cancelled: {
    none: 'none',
    queued: 'stopped',
    running: 'stopped',
    sent: 'stopped',
    backing_off: 'stopped',
    refused: 'stopped',
    stopped: 'stopped',
  },
  unnamed: NO_UPLOAD,
  started: { ...SAME_UPLOAD, queued: 'running' },
  interrupted: { ...SAME_UPLOAD, running: 'queued' },
  failed: { ...UPLOAD_END, running: 'backing_off', sent: 'backing_off' },
  was_refused: { ...UPLOAD_END, running: 'refused', sent: 'refused' },
  put_ended: { ...UPLOAD_END, running: 'sent' },
  stored: { ...UPLOAD_END, running: 'none', sent: 'none', stopped: 'none' },
  wait_over: { ...SAME_UPLOAD, backing_off: 'queued', refused: 'queued' },
  woken: { ...SAME_UPLOAD, backing_off: 'queued', refused: 'queued' },
  new_token: { ...SAME_UPLOAD, refused: 'queued' },
  freed: { ...SAME_UPLOAD, refused: 'queued' },
  proved: NO_UPLOAD,
  claimed: SAME_UPLOAD,
  lost: { ...SAME_UPLOAD, none: 'queued' },
}

const SAME_DOWNLOAD = {
  none: 'none',
  queued: 'queued',
  running: 'running',
  backing_off: 'backing_off',
  refused: 'refused',
  missing: 'missing',
} as const satisfies { readonly [S in DownloadState]: S }

const DOWNLOAD_END = {
  none: 'none',
  queued: null,
  running: null,
  backing_off: null,
  refused: null,
  missing: null,
} as const

const NO_DOWNLOAD = {
  none: 'none',
  queued: 'none',
  running: 'none',
  backing_off: 'none',
  refused: 'none',
  missing: 'none',
} as const

const RETRIED_DOWNLOAD = { ...SAME_DOWNLOAD, backing_off: 'queued', refused: 'queued', missing: 'queued' } as const

export const DOWNLOADS: Transitions<DownloadInput, DownloadState> = {
  pinned: { ...RETRIED_DOWNLOAD, none: 'queued' },
  unpinned: NO_DOWNLOAD,
  retried: RETRIED_DOWNLOAD,
  all_retried: RETRIED_DOWNLOAD,
  unnamed: NO_DOWNLOAD,
  started: { ...SAME_DOWNLOAD, queued: 'running' },
  interrupted: { ...SAME_DOWNLOAD, running: 'queued' },
  failed: { ...DOWNLOAD_END, running: 'backing_off' },
  was_refused: { ...DOWNLOAD_END, running: 'refused' },
  not_found: { ...DOWNLOAD_END, running: 'missing' },
  kept: NO_DOWNLOAD,
  wait_over: RETRIED_DOWNLOAD,
  woken: RETRIED_DOWNLOAD,
  new_token: { ...SAME_DOWNLOAD, refused: 'queued', missing: 'queued' },
  freed: { ...SAME_DOWNLOAD, refused: 'queued', missing: 'queued' },
  proved: { ...SAME_DOWNLOAD, missing: 'queued' },
  claimed: { ...SAME_DOWNLOAD, missing: 'queued' },
}
