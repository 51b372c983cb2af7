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
}

const SHEETS = 'contact-sheets/'

export const pendingVideos = (files: readonly GalleryFile[]): readonly PendingVideo[] => {
  const paths = new Set(files.map(({ path }) => path))
  return files
    .filter(({ type }) => type.startsWith('video/'))
    .map((video) => ({ video, sheetPath: `${SHEETS}${video.id}.jpg` }))
    .filter(({ sheetPath }) => !paths.has(sheetPath))
}
