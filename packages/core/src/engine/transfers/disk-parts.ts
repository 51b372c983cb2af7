/** The parts of one download on this disk: those that are there already, and those that it brings. */
import { type ContentAddress, partRange, type Hashing } from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'
import { damagedPart, sizeMismatch, unreadablePart } from './download-errors.ts'
import type { RangePiece } from './range-plan.ts'
import type { NotKept } from './reader-driven.ts'

/** Compares the digest of a whole part. */
export type IsRight = (number: number, bytes: Uint8Array<ArrayBuffer>) => Promise<boolean>

export interface DiskParts {
  /**
   * The bytes of a piece that is on disk.
   *
   * @returns undefined when it is gone, damaged or replaced, and can be fetched instead
   * @throws RockpoolError `corrupt` for a damaged slice, `disk_failed` for one that cannot be read or was replaced
   */
  read(piece: RangePiece): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Writes a verified part. Never rejects: when the disk fails, the reader still gets the rest. */
  write(number: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /** why parts are missing on disk, if any are */
  readonly notKept: NotKept | undefined
}

/** @returns undefined when it cannot be read: another tab has moved or deleted it since it was opened */
export const readPart = async (part: Blob | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  try {
    return part && new Uint8Array(await part.arrayBuffer())
  } catch {
    return undefined
  }
}

/** @param isRight compares the digest of a whole part; not given when the digests are not known */
export const diskParts = (
  blobs: Pick<BlobStore, 'openPart' | 'writePart' | 'quarantine'>,
  {
    address,
    size,
    hashing,
    keep,
    isRight,
  }: {
    readonly address: ContentAddress
    readonly size: number
    readonly hashing: Hashing
    readonly keep: boolean
    readonly isRight: IsRight | undefined
  },
): DiskParts => {
  let notKept: NotKept | undefined

  const readWhole = async (number: number, compare: NonNullable<typeof isRight>) => {
    const bytes = await readPart(await blobs.openPart(address, number))
    if (!bytes) return undefined
    if (await compare(number, bytes)) {
      const { start, end } = partRange(size, number, hashing)
      // The bytes are right, so the size that a record or a response claims is not.
      if (bytes.length !== end - start) throw sizeMismatch(size, start + bytes.length)
      return bytes
    }
    // All parts on disk are moved aside, and what this download brings is not kept: the next one brings all of them.
    if ((await blobs.quarantine(address)) === 'intact') return undefined
    notKept = { notKept: damagedPart() }
    return undefined
  }

  return {
    async read({ number, wanted, isWhole }) {
      if (isWhole && isRight) return readWhole(number, isRight)
      const { start, end } = partRange(size, number, hashing)
      const part = await blobs.openPart(address, number)
      if (part?.size === end - start) {
        const slice = await readPart(part.slice(wanted.start - start, wanted.end - start))
        if (slice) return slice
        throw unreadablePart()
      }
      // A part that is gone by now may be in one file with the others: another tab has added the same content.
      if (part && (await blobs.quarantine(address)) === 'intact') throw unreadablePart()
      throw damagedPart()
    },
    async write(number, bytes) {
      if (!keep || notKept) return
      await blobs.writePart(address, number, bytes).catch((error: unknown) => {
        notKept = { notKept: error }
      })
    },
    get notKept() {
      return notKept
    },
  }
}
