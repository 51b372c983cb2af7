import { type Platform, type SessionRow, type Signer, webPlatform } from '@rockpool/core'
import {
  activityChannel,
  type ActivityMessage,
  type ActivityReport,
  downloadedRows,
  clearQuarantine,
  isMissingContent,
  reportActivity,
  suspectContent,
} from '@rockpool/core/transfers'
import { isRockpoolError, type RemoteKey, RockpoolError } from '@rockpool/protocol'
import { type KeptContent, type DownloadReader, shareDownload, type SharedDownload } from './shared-download.ts'
import type { Store } from './stores.ts'

export interface DownloadsPorts {
  /** the signer that a session names */
  readonly signer: (session: SessionRow) => Pick<Signer, 'downloadUrl'>
  /** the browser's own when not given */
  readonly fetch?: typeof fetch
  /** the worker's own when not given */
  readonly platform?: WorkerPlatform
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
}

/** The downloads of this worker: one per remote key at a time. */
export const contentDownloads = (ports: DownloadsPorts): Downloads => {
  const { platform = webPlatform } = ports
  const running = new Map<RemoteKey, { readonly shared: SharedDownload; readonly recorded: Promise<unknown> }>()

  const begin = (store: Store, remoteKey: RemoteKey, session: SessionRow) => {
    const progress = publishProgress(store, remoteKey, platform)
    const shared = shareDownload(
      {
        signer: ports.signer(session),
        blobs: store.blobs,
        clock: platform.clock,
        hashing: platform.hashing,
        ...(ports.fetch ? { fetch: ports.fetch } : {}),
      },
      remoteKey,
      {
        onProgress: progress.report,
        onEnd() {
          progress.end()
          if (running.get(remoteKey) === entry) running.delete(remoteKey)
        },
      },
    )
    const recorded = shared.kept.then(
      (kept) => recordContent(store, remoteKey, kept, platform),
      async (error: unknown) => {
        if (isRockpoolError(error) && isMissingContent(error.code)) {
          await store.index.write([suspectContent(remoteKey, platform.clock.now())])
        }
        throw error
      },
    )
    const entry = { shared, recorded }
    running.set(remoteKey, entry)
    return entry
  }

  return {
    async join(store, remoteKey, keepAlive) {
      const session = await store.index.get('session', 'session')
      if (!session) {
        throw new RockpoolError(
          'forbidden',
          'Nobody is signed in to this store on this device. Open the app, and sign in.',
        )
      }
      const { shared, recorded } = running.get(remoteKey) ?? begin(store, remoteKey, session)
      keepAlive(recorded.catch(() => {}))
      return shared.join()
    },
  }
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
