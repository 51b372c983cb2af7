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
import { type KeptContent, type Seat, shareDownload, type SharedDownload } from './shared-download.ts'
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
   * A place in the download of a content, begun if there is none under way.
   *
   * @param keepAlive is given a promise that settles when the content is on disk and in the index, or given up
   * @throws RockpoolError `forbidden` when nobody is signed in, and as `download` does
   */
  join(store: Store, remoteKey: RemoteKey, keepAlive: (work: Promise<unknown>) => void): Promise<Seat>
}

/** The downloads of this worker: one per remote key at a time. */
export const contentDownloads = (ports: DownloadsPorts): Downloads => {
  const { platform = webPlatform } = ports
  const running = new Map<RemoteKey, { readonly shared: SharedDownload; readonly recorded: Promise<unknown> }>()

  const begin = (store: Store, remoteKey: RemoteKey, session: SessionRow) => {
    const progress = tellTabs(store, remoteKey, platform)
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

/** The content is whole on this disk, for all tabs to know; whoever waited to download it need not. */
const recordContent = async (
  store: Store,
  remoteKey: RemoteKey,
  kept: KeptContent,
  platform: WorkerPlatform,
): Promise<void> => {
  await store.index.write(downloadedRows(remoteKey, kept, platform.clock.now()))
  if (kept.source === 'remote') announce(store, remoteKey, platform)
  await clearQuarantine(store.blobs, kept.content.address)
}

/** Tells the tabs of the store that the content is here: they emit `downloaded`. */
const announce = ({ storeId }: Store, remoteKey: RemoteKey, platform: WorkerPlatform): void => {
  const channel = activityChannel(storeId, platform)
  channel.postMessage({ remoteKey, activity: null, downloaded: true } satisfies ActivityMessage)
  channel.close()
}

/** Tells the tabs of the store how far the download is. */
const tellTabs = ({ storeId }: Store, remoteKey: RemoteKey, platform: WorkerPlatform) => {
  const channel = activityChannel(storeId, platform)
  let reporting: ActivityReport | undefined
  let ended = false
  return {
    report(bytes: number, total: number) {
      if (ended) return
      const tell = (message: ActivityMessage) => channel.postMessage(message)
      reporting ??= reportActivity(tell, remoteKey, 'download', total, platform.clock)
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
