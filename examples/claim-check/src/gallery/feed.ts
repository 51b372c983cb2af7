/** Makes contact sheets of the videos that people add to a gallery, and adds sheets and frames to it as files. */
import { setTimeout } from 'node:timers/promises'
import { ArtifactError, type Artifacts, parseArtifactRef } from '@rockpool/artifacts'
import { StageError } from '../errors.ts'
import { addRequest, type Orchestrator, runRequest } from '../orchestrator.ts'
import type { Gallery } from './gallery.ts'
import { type PendingVideo, pendingVideos, RESULTS } from './pending-videos.ts'
import { requestIdOf } from './request-id-of.ts'

/** No event says that a device has uploaded the bytes of a file. */
const UPLOAD_CHECK_MS = 1_000
/** Until the event stream is opened again after its end. */
const RECONNECT_MS = 1_000

export interface Feed {
  readonly gallery: Gallery
  /** the orchestrator of one request: it may have credentials for this request only */
  readonly orchestratorOf: (requestId: string) => Promise<Orchestrator>
  /** ids of videos that ffmpeg cannot read; the feed adds to it, and leaves these out */
  readonly unreadable: Set<string>
}

/** Makes the sheets that are missing, and those of videos that people add. Ends with an error only. @throws as feedOnce */
export const watch = async (feed: Feed): Promise<never> => {
  for (;;) {
    // Before the files are listed: of a video that is added in between comes an event.
    const changes = await feed.gallery.changes()
    let next = changes.next()
    let isWaiting = await feedOnce(feed)
    for (;;) {
      const change = await (isWaiting ? Promise.race([next, setTimeout(UPLOAD_CHECK_MS)]) : next)
      if (change?.done) break
      if (change) next = changes.next()
      if (isWaiting || !change?.value.startsWith(RESULTS)) isWaiting = await feedOnce(feed)
    }
    await setTimeout(RECONNECT_MS)
  }
}

/**
 * Makes the sheets that are missing now.
 *
 * @returns whether a video is left whose bytes are not uploaded yet
 * @throws GalleryError, and what `runRequest` throws
 */
export const feedOnce = async (feed: Feed): Promise<boolean> => {
  const { gallery, unreadable, orchestratorOf } = feed
  let isWaiting = false
  for (const pending of pendingVideos(await gallery.list())) {
    const { id } = pending.video
    if (unreadable.has(id)) continue
    const requestId = requestIdOf(`${gallery.name}/${id}`)
    const orchestrator = await orchestratorOf(requestId)
    try {
      if (!(await makeSheet(orchestrator, gallery, requestId, pending))) isWaiting = true
    } catch (error) {
      if (!(error instanceof StageError && error.code === 'bad_media')) throw error
      unreadable.add(id)
      orchestrator.emit({ event: 'unreadable', file: id, message: error.message })
    }
  }
  return isWaiting
}

/** False when the bytes of the video are not uploaded yet. */
const makeSheet = async (
  orchestrator: Orchestrator,
  gallery: Gallery,
  requestId: string,
  { video, sheetPath, framesPath }: PendingVideo,
): Promise<boolean> => {
  const { artifacts, emit } = orchestrator
  if (!(await artifacts.state(requestId).read())) {
    const source = await gallery.read(video.path)
    if (!source) return false
    await addRequest(artifacts, requestId, { source, type: video.type })
  }
  emit({ event: 'request', request_id: requestId, file: video.id })
  const sheet = await readSheet(artifacts, await runRequest(orchestrator, requestId))
  for await (const { uri, name } of artifacts.list(requestId, 'frames')) {
    if (!name.endsWith('.jpg')) continue
    const frame = await artifacts.get(await artifacts.resolve(uri))
    await gallery.write(`${framesPath}${name}`, await frame.blob())
  }
  // The sheet comes last: a feed that is killed before makes them again, and none leaves artifacts behind.
  await artifacts.removeRequest(requestId)
  await gallery.write(sheetPath, sheet)
  emit({ event: 'added', path: sheetPath })
  return true
}

const readSheet = async (artifacts: Artifacts, outputUri: string): Promise<Blob> => {
  const output = await artifacts.get(await artifacts.resolve(outputUri))
  const { refs } = (await output.json()) as { readonly refs?: readonly unknown[] }
  const [sheet] = refs ?? []
  if (sheet === undefined)
    throw new ArtifactError('malformed', 'The last stage returned no sheet. Run its stage again.')
  return (await artifacts.get(parseArtifactRef(sheet))).blob()
}
