/** Requests to the object store. */
import { aborted, parseRetryAfter, RockpoolError } from '@rockpool/protocol'
import type { PlatformClock } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web-platform.ts'

export interface SendResponse {
  readonly status: number
  readonly etag: string | null
  /** Retry-After of the object store, in ms */
  readonly retryAfterMs?: number | undefined
}

/**
 * Sends `body` to a presigned URL with exactly these headers. Resolves with any status but a redirect.
 *
 * @throws RockpoolError `storage_unavailable` when the request was redirected, `offline`, `aborted`
 */
export type Send = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Blob,
  options: { readonly signal: AbortSignal; readonly onProgress: (bytes: number) => void },
) => Promise<SendResponse>

/**
 * PUT by XMLHttpRequest where it exists: fetch reports no upload progress, which the UI and stall detection need. A service
 * worker has only fetch.
 */
export const browserSend: Send = (url, headers, body, options) =>
  typeof XMLHttpRequest === 'undefined'
    ? sendByFetch(fetch)(url, headers, body, options)
    : sendByXhr(url, headers, body, options)

export const sendByFetch =
  (fetchLike: typeof fetch, clock: Pick<PlatformClock, 'now'> = webPlatform.clock): Send =>
  async (url, headers, body, { signal, onProgress }) => {
    const init: RequestInit = { method: 'PUT', headers: settable(headers), body, signal, credentials: 'omit' }
    const response = await reach(() => fetchLike(url, { ...init, redirect: 'manual' }), signal)
    await response.body?.cancel()
    if (isRedirect(response)) throw redirected()
    onProgress(body.size)
    return {
      status: response.status,
      etag: response.headers.get('etag'),
      retryAfterMs: retryAfterOf(response, clock),
    }
  }

const sendByXhr: Send = (url, headers, body, { signal, onProgress }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const abort = () => request.abort()
    const settle = (done: () => void) => {
      signal.removeEventListener('abort', abort)
      done()
    }
    request.open('PUT', url)
    for (const [name, value] of Object.entries(settable(headers))) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => onProgress(event.loaded)
    request.onload = () =>
      settle(() => {
        // XMLHttpRequest follows redirects by itself, and the target may respond 200.
        if (!isSameResource(url, request.responseURL)) return reject(redirected())
        const { status } = request
        // Read on refusals only: reading a header that CORS hides logs an error in the browser.
        const retryAfter = status < 400 ? null : request.getResponseHeader('retry-after')
        const retryAfterMs = parseRetryAfter(retryAfter, webPlatform.clock.now())
        resolve({ status, etag: request.getResponseHeader('etag'), retryAfterMs })
      })
    request.onerror = () => settle(() => reject(unreachable()))
    // Without our signal the browser aborted: it leaves the page or the network.
    request.onabort = () => settle(() => reject(signal.aborted ? aborted(signal) : unreachable()))
    if (signal.aborted) return reject(aborted(signal))
    signal.addEventListener('abort', abort)
    request.send(body)
  })

/** Whether this is a redirect that was not followed. A browser hides its status. */
const isRedirect = ({ type, status }: Response): boolean => type === 'opaqueredirect' || (status >= 300 && status < 400)

/** Whether the response is from the requested URL. HSTS may have changed http to https. */
const isSameResource = (asked: string, from: string): boolean => {
  const place = (url: URL) => url.hostname + url.pathname + url.search
  return from === '' || place(new URL(asked, from)) === place(new URL(from))
}

/** The error for a redirect of a presigned request: an object store never redirects one, so something in between did. */
export const redirected = (): RockpoolError =>
  new RockpoolError(
    'storage_unavailable',
    'A sign-in page or a proxy on the way redirected the request to the object store. Check whether this network or the app ' +
      'wants you to sign in. The transfer is retried.',
  )

/** Retry-After of a response, in ms. Visible in a browser only when CORS exposes the header. */
export const retryAfterOf = (
  response: Pick<Response, 'headers'>,
  { now }: Pick<PlatformClock, 'now'> = webPlatform.clock,
): number | undefined => parseRetryAfter(response.headers.get('retry-after'), now())

/** Without content-length and host: browsers set them, and refuse them from scripts. */
const settable = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !['content-length', 'host'].includes(name.toLowerCase())),
  )

/** Runs a fetch. Its failures become `offline` and `aborted`. */
export const reach = async <A>(request: () => Promise<A>, signal?: AbortSignal): Promise<A> => {
  try {
    return await request()
  } catch (cause) {
    throw signal?.aborted ? aborted(signal) : unreachable(cause)
  }
}

const unreachable = (cause?: unknown): RockpoolError =>
  new RockpoolError('offline', 'The object store cannot be reached. The transfer resumes when the network is back.', {
    cause,
  })

/** The error for a status of the object store. No message has the URL: it is a secret. */
export const statusToError = (status: number, what: string, retryAfterMs?: number): RockpoolError => {
  if (status === 404) return new RockpoolError('not_found', `The object store does not have this ${what}.`)
  if (status === 416) return new RockpoolError('bad_request', `The object store has no such bytes of this ${what}.`)
  if (status === 413) return new RockpoolError('too_large', `The object store refuses a ${what} of this size.`)
  if (status === 400)
    return new RockpoolError('digest_mismatch', `The object store found that the ${what} is not what was signed.`)
  if (status === 403)
    return new RockpoolError(
      'forbidden',
      `The object store refuses the signed request for this ${what}. Check its keys, clock and CORS rules.`,
    )
  return new RockpoolError(
    'storage_unavailable',
    `The object store responded with status ${status} for this ${what}. The transfer is retried.`,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  )
}
