/** Artifacts through a Rockpool signer, with a token that names the requests: no S3 credentials here. */
import { OCTET_STREAM, parseAddress, toHex, type WireErrorCode } from '@rockpool/protocol'
import { ArtifactError, type ArtifactErrorCode } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import { type Call, createSend, type Reply, textOfBody } from './send.ts'
import { sliceOf } from './slice.ts'
import type { ArtifactStorage, ListedObject, Precondition, UploadedPart } from './storage.ts'

export interface ServerSettings {
  /** of the signer, such as `https://files.example/signer` */
  readonly url: string
  /** a JWT, or a function that returns a fresh one */
  readonly token: string | (() => string | Promise<string>)
}

/** The calls are those of docs/contracts/artifacts.md. */
export const serverStorage = ({ url, token }: ServerSettings, runtime: Runtime): ArtifactStorage => {
  const base = `${url.replace(/\/+$/, '')}/artifacts`
  const send = createSend(async ({ url, headers }) => {
    const bearer = (typeof token === 'string' ? token : await fresh(token)).trim()
    // Of others, the error of `fetch` would repeat the token.
    if (!/^[\x21-\x7e]+$/.test(bearer)) {
      throw new ArtifactError('forbidden', 'The token has characters that no JWT has. Ask for a new one.')
    }
    return { url, headers: new Headers({ ...headers, authorization: `Bearer ${bearer}` }) }
  }, runtime)
  const urlOf = (key: string, query?: Readonly<Record<string, string>>) =>
    `${base}/${key}${query ? `?${new URLSearchParams(query)}` : ''}`

  const call = async (request: Call, signal: AbortSignal | undefined): Promise<Reply> => {
    const reply = await send(request, signal)
    if (reply.status >= 200 && reply.status < 300) return reply
    throw errorOf(reply)
  }

  return {
    head: async (key, signal) => {
      const { headers } = await call({ method: 'HEAD', url: urlOf(key), headers: {} }, signal)
      return {
        size: Number(headers.get('content-length') ?? 0),
        type: headers.get('content-type') ?? OCTET_STREAM,
        etag: headers.get('etag') ?? '',
        address: parseAddress(headers.get('x-rockpool-address') ?? ''),
      }
    },

    read: async (key, { start, end }, etag, signal) => {
      const headers = { range: `bytes=${start}-${end - 1}` }
      const reply = await send({ method: 'GET', url: urlOf(key), headers, expected: end - start, hash: true }, signal)
      const slice = await sliceOf(reply, start)
      if (slice === undefined) throw errorOf(reply)
      if (etag !== undefined && slice.etag !== etag) throw changed()
      return slice
    },

    write: async (key, bytes, { type, sha256, precondition }, signal) => {
      const headers = { 'content-type': type, ...integrity(sha256), ...conditions(precondition) }
      const reply = await call({ method: 'PUT', url: urlOf(key), headers, body: bytes }, signal)
      return { etag: reply.headers.get('etag') ?? '' }
    },

    list: async (prefix, cursor, signal) => {
      const query = new URLSearchParams({ prefix, ...(cursor !== undefined && { cursor }) })
      const reply = await call({ method: 'GET', url: `${base}?${query}`, headers: {} }, signal)
      const page = jsonOf<{ objects: ListedObject[]; cursor?: string }>(reply)
      return { objects: page.objects, cursor: page.cursor }
    },

    remove: async (key, signal) => {
      await call({ method: 'DELETE', url: urlOf(key), headers: {} }, signal)
    },

    startUpload: async (key, type, signal) => {
      const headers = { 'content-type': type }
      const reply = await call({ method: 'POST', url: urlOf(key, { uploads: '' }), headers }, signal)
      return jsonOf<{ uploadId: string }>(reply).uploadId
    },

    uploadPart: async (key, uploadId, number, bytes, sha256, signal) => {
      const url = urlOf(key, { uploadId, partNumber: String(number) })
      const { headers } = await call({ method: 'PUT', url, headers: integrity(sha256), body: bytes }, signal)
      return { number, etag: headers.get('etag') ?? '' }
    },

    completeUpload: async (key, uploadId, parts, size, precondition, signal) => {
      const body = JSON.stringify({ parts: parts satisfies readonly UploadedPart[], size })
      const headers = { 'content-type': 'application/json', ...conditions(precondition) }
      const reply = await send({ method: 'POST', url: urlOf(key, { uploadId }), headers, body }, signal)
      if (reply.status === 404) return false
      if (reply.status !== 200) throw errorOf(reply)
      return true
    },

    abortUpload: async (key, uploadId, signal) => {
      await call({ method: 'DELETE', url: urlOf(key, { uploadId }), headers: {} }, signal)
    },
  }
}

/** @throws ArtifactError `unavailable` */
const fresh = async (token: () => string | Promise<string>): Promise<string> => {
  try {
    return await token()
  } catch (cause) {
    throw new ArtifactError(
      'unavailable',
      'The function that gets the token failed. Look at the cause, then try again.',
      {
        cause,
      },
    )
  }
}

const integrity = (sha256: Uint8Array) => ({ 'x-amz-content-sha256': toHex(sha256) })

const conditions = (precondition: Precondition): Record<string, string> => {
  if (precondition === undefined) return {}
  return precondition === 'absent' ? { 'if-none-match': '*' } : { 'if-match': precondition.etag }
}

/** @throws ArtifactError `unavailable` when it is no JSON: a proxy responded */
const jsonOf = <A>(reply: Reply): A => {
  try {
    return JSON.parse(textOfBody(reply)) as A
  } catch (cause) {
    throw new ArtifactError('unavailable', 'The server did not respond in JSON. Check the URL of the signer.', {
      cause,
    })
  }
}

const changed = (mayBeOwn = false) =>
  new ArtifactError('changed', 'The object is there already, or has changed since it was read. Read it again.', {
    mayBeOwn,
  })

/** The signer's codes, and their meaning here. */
const BY_CODE: Partial<Record<WireErrorCode, ArtifactErrorCode>> = {
  bad_key: 'bad_key',
  bad_request: 'bad_argument',
  digest_mismatch: 'digest_mismatch',
  unauthenticated: 'forbidden',
  forbidden: 'forbidden',
  not_found: 'not_found',
  too_large: 'too_large',
}

/** Replies to HEAD have only a status. */
const BY_STATUS: Readonly<Record<number, ArtifactErrorCode>> = {
  400: 'bad_key',
  401: 'forbidden',
  403: 'forbidden',
  404: 'not_found',
}

const errorOf = (reply: Reply): ArtifactError => {
  if (reply.status === 412) return changed(reply.isRepeated)
  const { error } = messageOf(reply)
  const cause = new Error(`The server responded ${reply.status}${error ? ` ${error.code}` : ''}`)
  const code = BY_CODE[error?.code as WireErrorCode] ?? (error ? undefined : BY_STATUS[reply.status])
  const message =
    code === 'not_found' || error === undefined
      ? (MESSAGES[code ?? ''] ?? `The server responded ${reply.status} to every attempt. Try again later.`)
      : error.message
  return new ArtifactError(code ?? 'unavailable', message, { cause, mayBeOwn: reply.isRepeated })
}

/** Where the server says nothing, or nothing that helps here. */
const MESSAGES: Readonly<Record<string, string>> = {
  bad_key: 'The server refuses the key. Check the request id and the name.',
  forbidden: 'The token gives no right there. Ask for one whose claim "requests" names the request.',
  not_found:
    'The object does not exist. It was never written, or was removed by age; run the stage that writes it again.',
}

const messageOf = (reply: Reply): { readonly error?: { readonly code: string; readonly message: string } } => {
  try {
    return JSON.parse(textOfBody(reply)) as object
  } catch {
    // A reply to HEAD, or of a proxy: the status says it.
    return {}
  }
}
