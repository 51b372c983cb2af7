/** Makes contact sheets of the videos that people add to a gallery, and adds the sheets to it. */
import { ArtifactError, parseArtifactRef } from '@rockpool/artifacts'
import { StageError } from '../errors.ts'
import { addRequest, type Orchestrator, runRequest } from '../orchestrator.ts'
import type { Gallery } from './gallery.ts'
import { type PendingVideo, pendingVideos } from './pending-videos.ts'
import { requestIdOf } from './request-id-of.ts'

/**
 * Makes the sheets that are missing now. A video that cannot be read is left out from then on.
 *
 * @param unreadable ids of such videos; added to
 * @throws GalleryError, and what `runRequest` throws
 */
export const feedOnce = async (
  orchestrator: Orchestrator,
  gallery: Gallery,
  unreadable: Set<string>,
): Promise<void> => {
  for (const pending of pendingVideos(await gallery.list())) {
    const { id } = pending.video
    if (unreadable.has(id)) continue
    try {
      await makeSheet(orchestrator, gallery, pending)
    } catch (error) {
      if (!(error instanceof StageError && error.code === 'bad_media')) throw error
      unreadable.add(id)
      orchestrator.emit({ event: 'unreadable', file: id, message: error.message })
    }
  }
}

const makeSheet = async (
  orchestrator: Orchestrator,
  gallery: Gallery,
  { video, sheetPath }: PendingVideo,
): Promise<void> => {
  const { artifacts, emit } = orchestrator
  const requestId = requestIdOf(`${gallery.name}/${video.id}`)
  emit({ event: 'request', request_id: requestId, file: video.id })
  if (!(await artifacts.state(requestId).read())) {
    await addRequest(artifacts, requestId, { source: await gallery.read(video.path), type: video.type })
  }
  const output = await artifacts.get(await artifacts.resolve(await runRequest(orchestrator, requestId)))
  const { refs } = (await output.json()) as { readonly refs?: readonly unknown[] }
  const [sheet] = refs ?? []
  if (sheet === undefined)
    throw new ArtifactError('malformed', 'The last stage returned no sheet. Run its stage again.')
  await gallery.write(sheetPath, await (await artifacts.get(parseArtifactRef(sheet))).blob())
  emit({ event: 'added', path: sheetPath })
}
