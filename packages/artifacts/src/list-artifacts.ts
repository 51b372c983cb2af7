/** What a request has, page after page. */
import { type ArtifactKey, type ArtifactName, parseArtifactKey, type RequestId, type Stage } from '@rockpool/protocol'
import { requestPrefix } from './keys.ts'
import { uriOf } from './reference.ts'
import type { ArtifactStorage } from './storage/storage.ts'

/** An artifact as a listing knows it: without type and address, which take a call each (`resolve`). */
export interface ListedArtifact {
  readonly uri: string
  readonly key: ArtifactKey
  readonly requestId: RequestId
  readonly stage: Stage
  readonly name: ArtifactName
  /** bytes */
  readonly size: number
  /** unix ms */
  readonly modifiedAt: number
}

/**
 * Ascending by key, one call for each 1,000. State, logs, and keys outside the grammar are left out.
 *
 * @throws ArtifactError `bad_key`, and what the storage throws
 */
export async function* listArtifacts(
  storage: ArtifactStorage,
  bucket: string,
  requestId: string,
  stage: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedArtifact, void, undefined> {
  const prefix = requestPrefix(requestId, stage)
  let cursor: string | undefined
  do {
    const page = await storage.list(prefix, cursor, signal)
    for (const { key, size, modifiedAt } of page.objects) {
      const parts = parseArtifactKey(key)
      if (parts?.kind !== 'artifact') continue
      const { requestId, stage, name } = parts
      yield {
        uri: uriOf(bucket, key as ArtifactKey),
        key: key as ArtifactKey,
        requestId,
        stage,
        name,
        size,
        modifiedAt,
      }
    }
    cursor = page.cursor
  } while (cursor !== undefined)
}
