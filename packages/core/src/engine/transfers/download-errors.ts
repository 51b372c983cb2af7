/** What may be wrong with downloaded bytes, for the person who opens the file. */
import { RockpoolError } from '@rockpool/protocol'

/** A record has another size than its content. Nothing on disk changes. */
export const sizeMismatch = (listed: number, actual: number): RockpoolError =>
  new RockpoolError(
    'size_mismatch',
    `This file is listed with a size of ${listed}, but its content has ${actual} bytes. It was not opened. ` +
      'Try again; if it stays, remove the file, or ask the person who added it to add it again.',
  )

/** The only copy is damaged. */
export const damaged = (cause: unknown): RockpoolError =>
  new RockpoolError(
    'corrupt',
    'This file is damaged on this device and is stored nowhere else. Add it again from its source.',
    { cause },
  )

/** A part on this disk was moved aside. */
export const damagedPart = (): RockpoolError =>
  new RockpoolError('corrupt', 'A part of this file was damaged on this device. Open it again to download it whole.')

/** Another tab has moved or deleted a part while it was read. */
export const unreadablePart = (): RockpoolError =>
  new RockpoolError('disk_failed', 'A part of this file could not be read from this device. Open it again.')

/** A part on this disk was deleted while later ones were downloaded. */
export const incomplete = (): RockpoolError =>
  new RockpoolError(
    'disk_failed',
    'A part of this file was deleted from this device while the rest was downloaded. Open it again.',
  )

/** Bytes from object storage have another digest. */
export const mismatch = (): RockpoolError =>
  new RockpoolError(
    'corrupt',
    'The object store sent wrong bytes for this file; they were discarded. Try again. If this repeats, tell the administrator.',
  )

/** Content of livestore-filesync above one part: no part of it can be verified by itself. `pool.open` reads it as a whole. */
export const largeLegacy = (): RockpoolError =>
  new RockpoolError(
    'unsupported',
    'This file was added by an older version of the app and is larger than 8 MiB. Open it in the app once, which converts it.',
  )

/** The object store, or a proxy, does not respond to a range with its bytes and the size of the content. */
export const noRanges = (): RockpoolError =>
  new RockpoolError(
    'storage_unavailable',
    'The object store must support Range requests and expose Content-Range. Check its CORS rules and proxies.',
  )
