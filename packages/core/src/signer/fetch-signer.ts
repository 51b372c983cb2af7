import {
  type DownloadUrl,
  isRockpoolError,
  type MultipartUpload,
  type SignedParts,
  type StoredContent,
  type UploadUrl,
} from '@rockpool/protocol'
import type { Signer } from '../ports/signer.ts'
import {
  isDownloadUrl,
  isMultipartParts,
  isMultipartUpload,
  isNothing,
  isSignedParts,
  isStoredContent,
  isUploadUrl,
} from './answers.ts'
import { aborted } from '../transfers/http.ts'
import { abortable, errorOfAnswer, notASigner, offline } from './errors.ts'

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
}

/** A call without an answer by then has failed (ms). */
const TIMEOUT_MS = 30_000

/** The Signer port over HTTP. No Effect: the service worker uses it too. */
export const fetchSigner = (options: FetchSignerOptions): Signer => {
  const base = options.url.replace(/\/+$/, '')
  const send: typeof fetch = (input, init) => (options.fetch ?? fetch)(input, init)

  const attempt = async (path: string, init: RequestInit, fresh: boolean, signal: AbortSignal): Promise<Response> => {
    const token = await abortable(options.token(fresh ? { fresh } : undefined), signal)
    const headers = { ...init.headers, authorization: `Bearer ${token}` }
    return send(`${base}${path}`, { ...init, headers, signal, credentials: 'omit', cache: 'no-store' })
  }

  const call = async <A>(
    path: string,
    init: RequestInit,
    fits: (answer: unknown) => answer is A,
    caller: AbortSignal | undefined,
  ): Promise<A> => {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), TIMEOUT_MS)
    const signal = caller ? AbortSignal.any([caller, late.signal]) : late.signal
    try {
      signal.throwIfAborted()
      let response = await attempt(path, init, false, signal)
      if (response.status === 401) {
        await response.body?.cancel()
        response = await attempt(path, init, true, signal)
      }
      const text = await response.text()
      if (!response.ok) throw errorOfAnswer(response, text, base)
      const answer = parse(text)
      if (!fits(answer)) throw notASigner(base, response.status)
      return answer
    } catch (cause) {
      if (caller?.aborted) throw aborted(caller)
      throw isRockpoolError(cause) ? cause : offline(cause)
    } finally {
      clearTimeout(timer)
    }
  }

  const post = <A>(path: string, body: object, fits: (answer: unknown) => answer is A, signal?: AbortSignal) =>
    call(
      path,
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      fits,
      signal,
    )

  return {
    downloadUrl({ check, expiresIn, ...rest }, signal): Promise<DownloadUrl> {
      const query = new URLSearchParams(rest)
      if (expiresIn !== undefined) query.set('expiresIn', String(expiresIn))
      if (check) query.set('check', '1')
      return call(`/download-url?${query}`, {}, isDownloadUrl, signal)
    },
    uploadUrl: (request, signal): Promise<UploadUrl> => post('/upload-url', request, isUploadUrl, signal),
    startMultipart: (request, signal): Promise<MultipartUpload> =>
      post('/multipart', request, isMultipartUpload, signal),
    async signParts({ digests, ...request }, signal): Promise<SignedParts> {
      // The list of a large content is many times the rest of the call: sent only to a signer that does not remember it.
      const answer = await post('/multipart/parts', request, isMultipartParts, signal)
      return 'parts' in answer ? answer : post('/multipart/parts', { ...request, digests }, isSignedParts, signal)
    },
    completeMultipart: (request, signal): Promise<StoredContent> =>
      post('/multipart/complete', request, isStoredContent, signal),
    async abortMultipart(request, signal) {
      await post('/multipart/abort', request, isNothing, signal)
    },
  }
}

/** Undefined for an empty body and for what is no JSON. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
