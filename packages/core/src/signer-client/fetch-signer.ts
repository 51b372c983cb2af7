import {
  aborted,
  type DownloadUrl,
  isRockpoolError,
  type MultipartUpload,
  type SignedParts,
  type StoredContent,
  type UploadUrl,
  type UploadUrls,
} from '@rockpool/protocol'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web-platform.ts'
import type { Signer } from '../ports/signer.ts'
import {
  isDownloadUrl,
  isMultipartParts,
  isMultipartUpload,
  isNothing,
  isSignedParts,
  isStoredContent,
  isUploadUrl,
  isUploadUrls,
} from './response-checks.ts'
import { CONNECTING } from '../sync/sync-status.ts'
import { makeSyncStatusSource } from '../sync/make-source.ts'
import { createLimiter, type Limiter } from '../limiter.ts'
import { abortable, withDeadline } from '../promises.ts'
import { errorOfResponse, noToken, notASigner, offline, signerError, startFailure } from './errors.ts'
import { type CallOutcome, signerStatusAfter } from './signer-status.ts'

export { createLimiter, type Limiter } from '../limiter.ts'

export interface FetchSignerOptions {
  /** where the signer is, such as `/signer` or `https://signer.example.com` */
  readonly url: string
  /**
   * The user's token. With `fresh`, the last one was refused: get another one. When it rejects, the call does with
   * `offline`, and is tried again, unless it rejects with a RockpoolError.
   */
  readonly token: (options?: { readonly fresh?: boolean }) => Promise<string>
  /** the platform's own when not given */
  readonly fetch?: typeof fetch
  /** the page's own when not given */
  readonly platform?: Pick<Platform, 'clock' | 'page'>
  /** admits the calls of all signers that share it; of this one, at most {@link MAX_CALLS} at a time, when not given */
  readonly limiter?: Limiter
}

/** A call without a response within this time has failed (ms). */
const TIMEOUT_MS = 30_000

/**
 * Calls at a time. A page with 500 images makes as many calls at once, and over HTTP/1.1 a browser sends 6: the time that the others
 * wait must not count as time without a response. HTTP/2 sends all of these side by side.
 */
export const MAX_CALLS = 32

interface CallSignals {
  /** aborts by the caller, or when the call takes too long */
  readonly signal: AbortSignal
  readonly caller: AbortSignal | undefined
}

/** The Signer port over HTTP. No Effect: the service worker uses it too. */
export const fetchSigner = (options: FetchSignerOptions): Signer => {
  const { platform = webPlatform, limiter = createLimiter(MAX_CALLS) } = options
  const base = options.url.replace(/\/+$/, '')
  const send: typeof fetch = (input, init) => (options.fetch ?? fetch)(input, init)

  const status = makeSyncStatusSource(CONNECTING)
  let hasResponded = false
  const ended = (outcome: CallOutcome): void => {
    hasResponded ||= outcome.type !== 'no_token' && outcome.type !== 'unreachable' && outcome.type !== 'timed_out'
    const hasNetwork = platform.page.isOnline()
    status.set(signerStatusAfter(outcome, { url: base, hasNetwork, hasResponded, corsApplies: corsApplies(base) }))
  }

  const getToken = async (fresh: boolean, { signal, caller }: CallSignals): Promise<string> => {
    try {
      return await abortable(options.token(fresh ? { fresh } : undefined), signal)
    } catch (cause) {
      if (caller?.aborted) throw cause
      const error = isRockpoolError(cause) ? cause : noToken(cause)
      ended({ type: 'no_token', error })
      throw error
    }
  }

  const attempt = async (path: string, init: RequestInit, fresh: boolean, signals: CallSignals): Promise<Response> => {
    const token = await getToken(fresh, signals)
    const headers = { ...init.headers, authorization: `Bearer ${token}` }
    return send(`${base}${path}`, { ...init, headers, signal: signals.signal, credentials: 'omit', cache: 'no-store' })
  }

  const call = async <A>(
    path: string,
    init: RequestInit,
    fits: (body: unknown) => body is A,
    caller: AbortSignal | undefined,
  ): Promise<A> => {
    const release = await limiter.acquire(caller).catch(() => Promise.reject(aborted(caller!)))
    const late = new AbortController()
    const giveUp = () => late.abort(new Error(`No response within ${TIMEOUT_MS / 1_000} s`))
    const signal = caller ? AbortSignal.any([caller, late.signal]) : late.signal
    const request = async (): Promise<A> => {
      signal.throwIfAborted()
      let response = await attempt(path, init, false, { signal, caller })
      if (response.status === 401) {
        await response.body?.cancel()
        response = await attempt(path, init, true, { signal, caller })
      }
      const text = await response.text()
      const body = response.ok ? parse(text) : undefined
      if (response.ok && fits(body)) {
        ended({ type: 'responded' })
        return body
      }
      const error = response.ok
        ? notASigner(base, response.status)
        : errorOfResponse(response, text, base, platform.clock.now())
      if (response.status === 401) ended({ type: 'token_refused', error })
      else if (!response.ok && signerError(text)) ended({ type: 'responded' })
      else if (startFailure(text) !== undefined) ended({ type: 'failed_to_start', message: startFailure(text)! })
      else ended({ type: 'foreign_response', status: response.status, error })
      throw error
    }
    try {
      return await withDeadline(platform.clock, TIMEOUT_MS, request(), giveUp)
    } catch (cause) {
      if (caller?.aborted) throw aborted(caller)
      if (isRockpoolError(cause)) throw cause
      ended({ type: late.signal.aborted ? 'timed_out' : 'unreachable' })
      throw offline(base, cause)
    } finally {
      release()
    }
  }

  const post = <A>(path: string, body: object, fits: (body: unknown) => body is A, signal?: AbortSignal) =>
    call(
      path,
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      fits,
      signal,
    )

  return {
    status,
    downloadUrl({ check, expiresIn, ...rest }, signal): Promise<DownloadUrl> {
      const query = new URLSearchParams(rest)
      if (expiresIn !== undefined) query.set('expiresIn', String(expiresIn))
      if (check) query.set('check', '1')
      return call(`/download-url?${query}`, {}, isDownloadUrl, signal)
    },
    uploadUrl: (request, signal): Promise<UploadUrl> => post('/upload-url', request, isUploadUrl, signal),
    uploadUrls: (request, signal): Promise<UploadUrls> =>
      post('/upload-urls', request, isUploadUrls(request.items.length), signal),
    startMultipart: (request, signal): Promise<MultipartUpload> =>
      post('/multipart', request, isMultipartUpload, signal),
    async signParts({ digests, ...request }, signal): Promise<SignedParts> {
      // The list of large content is many times the rest of the call: sent only to a signer that does not remember it.
      const parts = await post('/multipart/parts', request, isMultipartParts, signal)
      return 'parts' in parts ? parts : post('/multipart/parts', { ...request, digests }, isSignedParts, signal)
    },
    completeMultipart: (request, signal): Promise<StoredContent> =>
      post('/multipart/complete', request, isStoredContent, signal),
    async abortMultipart(request, signal) {
      await post('/multipart/abort', request, isNothing, signal)
    },
  }
}

/** Outside of a page, and on its own origin, there is no CORS. */
const corsApplies = (url: string): boolean => {
  const { location } = globalThis
  return location !== undefined && URL.parse(url, location.href)?.origin !== location.origin
}

/** Undefined for an empty body and for what is no JSON. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
