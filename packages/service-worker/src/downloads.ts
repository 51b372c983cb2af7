import { type ContentRow, type Platform, type SessionRow, type Signer, webPlatform } from '@rockpool/core'
import {
  activityChannel,
  type ActivityMessage,
  type ActivityReport,
  downloadedRows,
  clearQuarantine,
  downloadRange,
  isMissingContent,
  refetchPinned,
  type RangeDownload,
  type RangeOptions,
  reportActivity,
  suspectContent,
  type VerifyMode,
} from '@rockpool/core/transfers'
import { type ByteRange, isRockpoolError, type RemoteKey } from '@rockpool/protocol'
import { recentUrls } from './recent-urls.ts'
import { type KeptContent, type DownloadReader, shareDownload, type SharedDownload } from './shared-download.ts'
import type { Store } from './stores.ts'

export interface DownloadsPorts {
  /** the signer that a session names */
  readonly signer: (session: SessionRow) => Pick<Signer, 'downloadUrl'>
  /** the browser's own when not given */
  readonly fetch?: typeof fetch
  /** the worker's own when not given */
  readonly platform?: WorkerPlatform
  readonly ranges?: RangePolicy
}

/** What happens with a range of a file that is not on this device. */
export interface RangePolicy {
  /**
   * What of the file is kept on this device: the parts that were read whole (`seen`, the default), all of it, in the background, or
   * nothing.
   */
  readonly fill?: 'seen' | 'all' | 'none'
  /**
   * `parts` (the default): parts of 8 MiB that lie in the range are verified; the response to a slice of a part has the header
   * `rockpool-verified: no`. `always`: each part is fetched whole and verified.
   */
  readonly verify?: VerifyMode
}

export type WorkerPlatform = Pick<Platform, 'clock' | 'hashing' | 'openChannel'>

/** A request for content that is not whole on this disk, or not as the index lists it. */
export interface MissedContent {
  readonly store: Store
  readonly session: SessionRow
  /** aborts when the session ends */
  readonly ended: AbortSignal
  readonly remoteKey: RemoteKey
  /** what the index lists of the content */
  readonly row: ContentRow | undefined
  /** receives a promise that settles when the content is on disk and in the index, or the download has failed */
  readonly waitUntil: (work: Promise<unknown>) => void
}

export interface Downloads {
  /**
   * Joins the download of a remote key, or starts it.
   *
   * @throws RockpoolError as `download` does
   */
  join(missed: MissedContent): Promise<DownloadReader>

  /**
   * A range straight from object storage.
   *
   * @param size bytes of the content by its record, if there is one
   * @returns undefined when the download of the whole content serves it: it has arrived there, or see `downloadRange`
   * @throws RockpoolError as `downloadRange` does
   */
  range(
    missed: MissedContent & Pick<RangeOptions, 'present'>,
    range: ByteRange,
    size: number | undefined,
  ): Promise<RangeDownload | undefined>
}

/** Contents whose size is remembered, so that parts on disk are read without a request. */
const MAX_SIZES = 1_000

/** The downloads of this worker: one per remote key at a time. */
export const contentDownloads = (ports: DownloadsPorts): Downloads => {
  const { platform = webPlatform } = ports
  const { fill = 'seen', verify = 'parts' } = ports.ranges ?? {}
  const running = new Map<RemoteKey, { readonly shared: SharedDownload; readonly recorded: Promise<unknown> }>()
  const fills = new Map<RemoteKey, Promise<void>>()
  const sizes = new Map<RemoteKey, number>()
  const urls = recentUrls(platform.clock)

  const remotePorts = (store: Store, session: SessionRow) => ({
    signer: ports.signer(session),
    blobs: store.blobs,
    clock: platform.clock,
    hashing: platform.hashing,
    ...(ports.fetch ? { fetch: ports.fetch } : {}),
  })

  /** Content that object storage may have lost is noted for the leading tab. */
  const noteMissing = async (store: Store, remoteKey: RemoteKey, error: unknown): Promise<void> => {
    if (!isRockpoolError(error) || !isMissingContent(error.code)) return
    await store.index.write([suspectContent(remoteKey, platform.clock.now())])
  }

  /**
   * Bytes that the index lists are damaged or gone, else they would be read. The leading tab downloads pinned content again, even when
   * this worker ends before it has.
   */
  const requeuePinned = ({ store, remoteKey, row, waitUntil }: MissedContent): void => {
    if (!row?.pinned) return
    const written = store.index.write([refetchPinned(remoteKey, platform.clock.now())])
    waitUntil(written.catch(() => {})) // the leading tab compares all rows with the disk once a day
  }

  const begin = ({ store, remoteKey, session }: MissedContent) => {
    const progress = publishProgress(store, remoteKey, platform)
    const shared = shareDownload(remotePorts(store, session), remoteKey, {
      onProgress: progress.report,
      onEnd() {
        progress.end()
        if (running.get(remoteKey) === entry) running.delete(remoteKey)
      },
    })
    const recorded = shared.kept.then(
      (kept) => recordIfWhole(store, remoteKey, kept, platform),
      async (error: unknown) => {
        await noteMissing(store, remoteKey, error)
        throw error
      },
    )
    const entry = { shared, recorded }
    running.set(remoteKey, entry)
    return entry
  }

  const join: Downloads['join'] = async (missed) => {
    requeuePinned(missed)
    const { shared, recorded } = running.get(missed.remoteKey) ?? begin(missed)
    missed.waitUntil(recorded.catch(() => {}))
    return shared.join()
  }

  /**
   * Downloads all of the content while its user is signed in, whether or not the reader of the range stays. One reader is enough for all
   * ranges.
   */
  const fillAll = (missed: MissedContent): Promise<void> => {
    const { remoteKey, ended } = missed
    const fill = async () => {
      const reader = await join(missed)
      await reader.read({ start: 0, end: reader.size }).pipeTo(new WritableStream(), { signal: ended })
    }
    const filling = fills.get(remoteKey) ?? fill().finally(() => fills.delete(remoteKey))
    fills.set(remoteKey, filling)
    return filling
  }

  return {
    join,
    async range(missed, range, listedSize) {
      const { store, remoteKey, session, present, waitUntil } = missed
      requeuePinned(missed)
      if ('start' in range && (running.get(remoteKey)?.shared.received ?? -1) >= range.start) return undefined
      const size = listedSize ?? sizes.get(remoteKey)
      const options = {
        verify,
        keep: fill !== 'none',
        ...(present && { present }),
        ...(size === undefined ? {} : { size }),
      }
      const signer = urls.forRange(ports.signer(session), session)
      const started = await downloadRange({ ...remotePorts(store, session), signer }, remoteKey, range, options).catch(
        (error: unknown) => {
          waitUntil(noteMissing(store, remoteKey, error).catch(() => {})) // the next miss notes it
          throw error
        },
      )
      sizes.delete(remoteKey)
      if (!started) return undefined
      sizes.set(remoteKey, started.size)
      const [oldest] = sizes.keys()
      if (sizes.size > MAX_SIZES) sizes.delete(oldest!)
      const recorded = started.kept.then(async ({ content }) => {
        // A range may have brought the last part that was missing.
        if (content) await recordIfWhole(store, remoteKey, { content, source: 'remote' }, platform)
      })
      // The reader gets the error of the download; what is on disk stays for the next one.
      waitUntil(recorded.catch(() => {}))
      if (fill === 'all') waitUntil(fillAll(missed).catch(() => {}))
      return started
    },
  }
}

/**
 * Records the content in the index, notifies the tabs, and removes its queued download. Does nothing when a part is missing: a tab may
 * have deleted parts of an earlier download, which this one had read before. The next request or the queued download fetches the part.
 */
const recordIfWhole = async (
  store: Store,
  remoteKey: RemoteKey,
  kept: KeptContent,
  platform: WorkerPlatform,
): Promise<void> => {
  if (!(await store.blobs.open(kept.content.address))) return
  await store.index.write(downloadedRows(remoteKey, kept, platform.clock.now()))
  if (kept.source === 'remote') announceDownload(store, remoteKey, platform)
  await clearQuarantine(store.blobs, kept.content.address)
}

/** Notifies the tabs of the store, which then emit `downloaded`. */
const announceDownload = ({ storeId }: Store, remoteKey: RemoteKey, platform: WorkerPlatform): void => {
  const channel = activityChannel(storeId, platform)
  channel.postMessage({ remoteKey, activity: null, downloaded: true } satisfies ActivityMessage)
  channel.close()
}

/** Publishes the progress to the tabs of the store. */
const publishProgress = ({ storeId }: Store, remoteKey: RemoteKey, platform: WorkerPlatform) => {
  const channel = activityChannel(storeId, platform)
  let reporting: ActivityReport | undefined
  let ended = false
  return {
    report(bytes: number, total: number) {
      if (ended) return
      const post = (message: ActivityMessage) => channel.postMessage(message)
      reporting ??= reportActivity(post, remoteKey, 'download', total, platform.clock)
      reporting.progress(bytes, total)
    },
    end() {
      if (ended) return
      ended = true
      reporting?.end()
      channel.close()
    },
  }
}
