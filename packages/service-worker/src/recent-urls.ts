/** Reuse of signed URLs: a video that is scrubbed requests range after range of one file. */
import type { Platform, SessionRow, Signer } from '@rockpool/core'
import type { DownloadUrl, RemoteKey } from '@rockpool/protocol'

/** Time for which a URL is reused (ms): half of the signer's default, since the clock of this device may be wrong. */
const REUSE_MS = 30_000
const MAX_URLS = 100

export interface RecentUrls {
  /**
   * A signer for one range. Its first answer may be a recent one; each later answer is fresh, since the first one may have expired.
   */
  forRange(
    signer: Pick<Signer, 'downloadUrl'>,
    session: Pick<SessionRow, 'storeId' | 'user'>,
  ): Pick<Signer, 'downloadUrl'>
}

export const recentUrls = (clock: Pick<Platform['clock'], 'monotonic'>): RecentUrls => {
  const recent = new Map<string, { readonly answer: DownloadUrl; readonly at: number }>()
  return {
    forRange(signer, { storeId, user }) {
      const idOf = (key: RemoteKey) => JSON.stringify([storeId, user, key])
      let isFirst = true
      return {
        async downloadUrl(request, signal) {
          const id = idOf(request.key)
          const known = isFirst ? recent.get(id) : undefined
          isFirst = false
          if (known && clock.monotonic() - known.at < REUSE_MS) return known.answer
          const answer = await signer.downloadUrl(request, signal)
          recent.delete(id)
          recent.set(id, { answer, at: clock.monotonic() })
          const [oldest] = recent.keys()
          if (recent.size > MAX_URLS) recent.delete(oldest!)
          return answer
        },
      }
    },
  }
}
