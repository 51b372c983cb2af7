import { type Platform, type SessionRow, type Signer, webPlatform } from '@rockpool/core'
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
  reportActivity,
  suspectContent,
  type VerifyMode,
} from '@rockpool/core/transfers'
import {
  addressOfKey,
  type ByteRange,
  type ContentDigest,
  isRockpoolError,
  type RemoteKey,
  RockpoolError,
} from '@rockpool/protocol'
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

export interface Downloads {
  /**
   * Joins the download of a remote key, or starts it.
   *
   * @param keepAlive receives a promise that settles when the content is on disk and in the index, or the download has failed
   * @throws RockpoolError `forbidden` when nobody is signed in, and as `download` does
   */
  join(store: Store, remoteKey: RemoteKey, keepAlive: (work: Promise<unknown>) => void): Promise<DownloadReader>

  /**
   * A range straight from object storage.
   *
   * @param size bytes of the content by its record, if there is one
   * @returns undefined when the download of the whole content serves it: it has arrived there, or see `downloadRange`
   * @throws RockpoolError `forbidden` when nobody is signed in, and as `downloadRange` does
   */
  range(
    store: Store,
    remoteKey: RemoteKey,
    range: ByteRange,
    size: number | undefined,
    keepAlive: (work: Promise<unknown>) => void,
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
  const requeuePinned = async (store: Store, remoteKey: RemoteKey): Promise<void> => {
    const row = await store.index.get('contents', addressOfKey(remoteKey))
    if (row?.pinned) await store.index.write([refetchPinned(remoteKey, platform.clock.now())])
  }

  const begin = (store: Store, remoteKey: RemoteKey, session: SessionRow) => {
    const progress = publishProgress(store, remoteKey, platform)
    const shared = shareDownload(remotePorts(store, session), remoteKey, {
      onProgress: progress.report,
      onEnd() {
        progress.end()
        if (running.get(remoteKey) === entry) running.delete(remoteKey)
      },
    })
    const recorded = shared.kept.then(
      (kept) => recordContent(store, remoteKey, kept, platform),
      async (error: unknown) => {
        await noteMissing(store, remoteKey, error)
        throw error
      },
    )
    const entry = { shared, recorded }
    running.set(remoteKey, entry)
    return entry
  }

  const join: Downloads['join'] = async (store, remoteKey, keepAlive) => {
    const session = await sessionOf(store)
    keepAlive(requeuePinned(store, remoteKey).catch(() => {})) // the leading tab compares all rows with the disk once a day
    const { shared, recorded } = running.get(remoteKey) ?? begin(store, remoteKey, session)
    keepAlive(recorded.catch(() => {}))
    return shared.join()
  }

  /** Downloads all of the content, whether or not the reader of the range stays. One reader is enough for all ranges. */
  const fillAll = (store: Store, remoteKey: RemoteKey, keepAlive: (work: Promise<unknown>) => void): Promise<void> => {
    const fill = async () => {
      const reader = await join(store, remoteKey, keepAlive)
      await reader.read({ start: 0, end: reader.size }).pipeTo(new WritableStream())
    }
    const filling = fills.get(remoteKey) ?? fill().finally(() => fills.delete(remoteKey))
    fills.set(remoteKey, filling)
    return filling
  }

  return {
    join,
    async range(store, remoteKey, range, listedSize, keepAlive) {
      // Side by side: each is a call to the browser's process, and the reader waits for its first byte.
      const [session, present] = await Promise.all([sessionOf(store), store.blobs.parts(addressOfKey(remoteKey))])
      keepAlive(requeuePinned(store, remoteKey).catch(() => {})) // the leading tab compares all rows with the disk once a day
      if ('start' in range && (running.get(remoteKey)?.shared.received ?? -1) >= range.start) return undefined
      const size = listedSize ?? sizes.get(remoteKey)
      const options = { verify, keep: fill !== 'none', present, ...(size === undefined ? {} : { size }) }
      const signer = urls.forRange(ports.signer(session), session)
      const started = await downloadRange({ ...remotePorts(store, session), signer }, remoteKey, range, options).catch(
        (error: unknown) => {
          keepAlive(noteMissing(store, remoteKey, error).catch(() => {})) // the next miss notes it
          throw error
        },
      )
      sizes.delete(remoteKey)
      if (!started) return undefined
      sizes.set(remoteKey, started.size)
      const [oldest] = sizes.keys()
      if (sizes.size > MAX_SIZES) sizes.delete(oldest!)
      const recorded = started.kept.then(({ content }) => recordIfWhole(store, remoteKey, content, platform))
      // The reader gets the error of the download; what is on disk stays for the next one.
      keepAlive(recorded.catch(() => {}))
      if (fill === 'all') keepAlive(fillAll(store, remoteKey, keepAlive).catch(() => {}))
      return started
    },
  }
}

const sessionOf = async (store: Store): Promise<SessionRow> => {
  const session = await store.index.get('session', 'session')
  if (session) return session
  throw new RockpoolError('forbidden', 'Nobody is signed in to this store on this device. Open the app, and sign in.')
}

/** A range may have brought the last part that was missing. */
const recordIfWhole = async (
  store: Store,
  remoteKey: RemoteKey,
  content: ContentDigest | undefined,
  platform: WorkerPlatform,
): Promise<void> => {
  if (!content || !(await store.blobs.open(content.address))) return
  await recordContent(store, remoteKey, { content, source: 'remote' }, platform)
}

/** Records the content in the index, notifies the tabs, and removes its queued download. */
const recordContent = async (
  store: Store,
  remoteKey: RemoteKey,
  kept: KeptContent,
  platform: WorkerPlatform,
): Promise<void> => {
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
