/** Which files of a gallery have no contact sheet yet. Pure. */

export interface GalleryFile {
  readonly id: string
  /** the id, for a file that was added without a path */
  readonly path: string
  readonly type: string
}

export interface PendingVideo {
  readonly video: GalleryFile
  /** where its sheet goes */
  readonly sheetPath: string
  /** the folder of its frames, with a slash at its end */
  readonly framesPath: string
}

/** The folder of all that the feed adds. */
export const RESULTS = 'contact-sheets/'

export const pendingVideos = (files: readonly GalleryFile[]): readonly PendingVideo[] => {
  const paths = new Set(files.map(({ path }) => path))
  return files
    .filter(({ type }) => type.startsWith('video/'))
    .map((video) => ({ video, sheetPath: `${RESULTS}${video.id}.jpg`, framesPath: `${RESULTS}${video.id}/` }))
    .filter(({ sheetPath }) => !paths.has(sheetPath))
}
