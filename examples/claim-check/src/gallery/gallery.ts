/** The files of a gallery, by the REST API of its server (docs/contracts/rest-http.md). */
import { UsageError } from '../errors.ts'
import { changedPaths } from './changed-paths.ts'
import type { GalleryFile } from './pending-videos.ts'

export interface Gallery {
  /** the store and the bucket, to name requests by */
  readonly name: string
  /** All files. @throws GalleryError */
  list(): Promise<readonly GalleryFile[]>
  /** The bytes of a file; undefined while its device has not uploaded them. @throws GalleryError */
  read(path: string): Promise<ReadableStream<Uint8Array> | undefined>
  /** Adds a file, which appears on every device. @throws GalleryError */
  write(path: string, bytes: Blob): Promise<void>
  /** Resolves when changes are watched. Yields the path of each file that changes from then on. @throws GalleryError */
  changes(): Promise<AsyncGenerator<string, void, undefined>>
}

/** The server refused a call, or cannot be reached. */
export class GalleryError extends Error {
  override readonly name = 'GalleryError'
  readonly code: 'forbidden' | 'not_found' | 'unavailable'

  constructor(code: GalleryError['code'], message: string, options?: { readonly cause: unknown }) {
    super(message, options)
    this.code = code
  }
}

/**
 * Reads `GALLERY_URL` (of the server), `GALLERY_TOKEN`, `GALLERY_STORE` and `GALLERY_BUCKET` (`files`).
 *
 * @throws UsageError
 */
export const openGallery = (env: Readonly<Record<string, string | undefined>>): Gallery => {
  const { GALLERY_URL: url, GALLERY_TOKEN: token, GALLERY_STORE: store, GALLERY_BUCKET: bucket = 'files' } = env
  if (!url || !URL.canParse(url)) throw new UsageError('GALLERY_URL: set it to the URL of the server of the gallery.')
  if (!token) throw new UsageError('GALLERY_TOKEN: set it to a token that gives read and write in the store.')
  if (!store) throw new UsageError('GALLERY_STORE: set it to the id of the store.')
  const base = `${url.replace(/\/+$/, '')}/storage/v1`
  const objectPath = (path: string) => `/object/${bucket}/${path.split('/').map(encodeURIComponent).join('/')}`

  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { ...init.headers, authorization: `Bearer ${token}`, 'rockpool-store': store }
    const response = await fetch(`${base}${path}`, { ...init, headers }).catch((cause: unknown) => {
      throw new GalleryError(
        'unavailable',
        `${new URL(url).host} cannot be reached. Check GALLERY_URL, then try again.`,
        { cause },
      )
    })
    if (response.ok) return response
    const text = await response.text()
    if (response.status === 401 || response.status === 403) {
      throw new GalleryError(
        'forbidden',
        `The gallery refused the token. Set GALLERY_TOKEN to one for the store "${store}".`,
      )
    }
    if (response.status === 404) throw new GalleryError('not_found', 'The gallery has no such file or bytes.')
    throw new GalleryError('unavailable', `The gallery responded ${response.status}: ${text.slice(0, 200)}`)
  }

  return {
    name: `${store}/${bucket}`,
    list: async () => {
      const files: GalleryFile[] = []
      let cursor: string | null = null
      do {
        const query = new URLSearchParams({ bucket, limit: '1000', ...(cursor !== null && { cursor }) })
        const page = (await (await call(`/objects?${query}`)).json()) as {
          readonly objects: readonly { readonly id: string; readonly path: string; readonly content_type: string }[]
          readonly cursor: string | null
        }
        for (const { id, path, content_type: type } of page.objects) files.push({ id, path, type })
        cursor = page.cursor
      } while (cursor !== null)
      return files
    },
    read: async (path) => {
      try {
        return (await call(objectPath(path))).body!
      } catch (error) {
        if (error instanceof GalleryError && error.code === 'not_found') return undefined
        throw error
      }
    },
    write: async (path, bytes) => {
      await call(objectPath(path), { method: 'POST', body: bytes, headers: { 'content-type': bytes.type } })
    },
    changes: async () => {
      const { body } = await call('/events')
      return changedPaths(body!, bucket)
    },
  }
}
