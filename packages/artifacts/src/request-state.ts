/** `requests/<id>/metadata/state.json`: what an orchestrator knows of a request. A writer replaces only the version that it has read. */
import { equalBytes, PART_SIZE, sha256 } from '@rockpool/protocol'
import { concat } from './chunks.ts'
import { ArtifactError, isArtifactError } from './errors.ts'
import { stateKey } from './keys.ts'
import type { ArtifactStorage } from './storage/storage.ts'

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

export interface StateSnapshot {
  /** any JSON; its reader decodes it */
  readonly value: unknown
  /** names this version of the state, for `write` */
  readonly etag: string
}

export interface RequestState {
  /** Undefined when nothing has been written. @throws ArtifactError `malformed`, and what the storage throws */
  read(options?: CallOptions): Promise<StateSnapshot | undefined>

  /**
   * Replaces the version that was read, or writes the first one. Resolves with the etag of the new version.
   *
   * @param etag of the version that is replaced; undefined: there must be none
   * @throws ArtifactError `changed` when another writer replaced it: read again, and decide again
   */
  write(value: unknown, etag: string | undefined, options?: CallOptions): Promise<string>
}

/** @throws ArtifactError `bad_key` */
export const requestState = (storage: ArtifactStorage, requestId: string): RequestState => {
  const key = stateKey(requestId)
  const readBytes = async (signal: AbortSignal | undefined) => {
    const { chunks, size, etag } = await storage.read(key, { start: 0, end: PART_SIZE }, undefined, signal)
    if (size > PART_SIZE)
      throw new ArtifactError('malformed', `${key} has over 8 MiB. It is no state of this client; remove it.`)
    return { bytes: concat(chunks), etag }
  }
  return {
    read: async ({ signal } = {}) => {
      try {
        const { bytes, etag } = await readBytes(signal)
        return { value: parse(key, bytes), etag }
      } catch (error) {
        if (isArtifactError(error, 'not_found')) return undefined
        throw error
      }
    },

    write: async (value, etag, { signal } = {}) => {
      const text = JSON.stringify(value)
      if (text === undefined) throw new ArtifactError('bad_argument', 'The state is not JSON. Pass plain data.')
      const bytes = new TextEncoder().encode(text)
      if (bytes.length > PART_SIZE) {
        throw new ArtifactError(
          'bad_argument',
          'The state has over 8 MiB. Store the data as artifacts, and their references in the state.',
        )
      }
      const precondition = etag === undefined ? 'absent' : { etag }
      try {
        const options = { type: 'application/json', sha256: await sha256(bytes), precondition } as const
        return (await storage.write(key, bytes, options, signal)).etag
      } catch (error) {
        // `not_found` is how some vendors refuse If-Match where nothing is.
        if (!isArtifactError(error, 'changed', 'not_found')) throw error
        // An attempt whose response was lost. Without one, equal bytes are those of another orchestrator.
        const present = error.mayBeOwn
          ? await readBytes(signal).catch((cause: unknown) => {
              if (isArtifactError(cause, 'not_found')) return undefined
              throw cause
            })
          : undefined
        if (present && equalBytes(present.bytes, bytes)) return present.etag
        throw new ArtifactError(
          'changed',
          `${key} was written by another process. Read it again; when another orchestrator runs this request, stop this one.`,
          { cause: error },
        )
      }
    },
  }
}

const parse = (key: string, bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch (cause) {
    throw new ArtifactError(
      'malformed',
      `${key} is not JSON. Restore it, or remove it to run the request from its beginning.`,
      { cause },
    )
  }
}
