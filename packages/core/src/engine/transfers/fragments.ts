/** Parts that have not arrived whole: what of them is on disk, and when the disk gets more of them. */
import { type ContentAddress, type Hashing, WEB_HASHING } from '@rockpool/protocol'
import type { PlatformClock } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web-platform.ts'
import type { BlobStore, Fragment } from '../../ports/blob-store.ts'

/** @returns the start of each part that has fragments from its first byte on, up to the first gap */
export const joinFragments = (fragments: readonly Fragment[]): ReadonlyMap<number, Blob> => {
  const starts = new Map<number, Blob>()
  for (const { number, start, bytes } of fragments.toSorted((a, b) => a.start - b.start)) {
    const joined = starts.get(number) ?? new Blob()
    if (start <= joined.size && start + bytes.size > joined.size) {
      starts.set(number, new Blob([joined, bytes.slice(joined.size - start)]))
    }
  }
  return starts
}

/** A browser may end a worker after 30 s: a line of 20 kB/s gets further each time. */
const SAVE_MS = 5_000

/** Share of a part, 16 KiB of 8 MiB: fewer bytes come in the first round trip of a connection, so fetching them again costs nothing. */
const MIN_FRAGMENT = 1 / 512

export interface FragmentSaver {
  /** A part begins to arrive, of which `bytes` are on disk as fragments. */
  begin(number: number, bytes: number): void
  /** More of the part has arrived: `arrived` is all of it so far. */
  grew(arrived: Uint8Array<ArrayBuffer>): void
  /** No more of the part comes: saves what has arrived. */
  cut(arrived: Uint8Array<ArrayBuffer>): void
  /** Resolves when all saves have ended. Never rejects: what is not saved is fetched again. */
  settled(): Promise<void>
}

/** Saves a part while it arrives slowly, and when it is cut. A part that arrives within 5 s is written once, whole. */
export const fragmentSaver = (
  blobs: Pick<BlobStore, 'writeFragment'>,
  address: ContentAddress,
  { monotonic }: Pick<PlatformClock, 'monotonic'> = webPlatform.clock,
  { partSize }: Pick<Hashing, 'partSize'> = WEB_HASHING,
): FragmentSaver => {
  /** the part that arrives, how much of it is on disk or on its way there, and since when */
  let saved = { number: 0, bytes: 0, at: 0 }
  let saving: Promise<void> = Promise.resolve()

  const save = (arrived: Uint8Array<ArrayBuffer>): void => {
    const { number, bytes: start } = saved
    if (arrived.length - start < MIN_FRAGMENT * partSize) return
    saved = { number, bytes: arrived.length, at: monotonic() }
    saving = saving.then(() => blobs.writeFragment(address, number, start, arrived.subarray(start))).catch(() => {}) // such as a full disk, which the write of the whole part reports
  }

  return {
    begin(number, bytes) {
      saved = { number, bytes, at: monotonic() }
    },
    grew(arrived) {
      if (monotonic() - saved.at >= SAVE_MS) save(arrived)
    },
    cut: save,
    settled: () => saving,
  }
}
