/** Size and colour of a picture or film, stored with the file so that the grid has its layout before it loads. */
import type { FileMeta } from 'rockpool'
import { kindOf } from '../file-facts.ts'

/** A film whose header takes longer than this (ms) is added without its facts. */
const HEADER_TIMEOUT_MS = 3_000

/** `{ width, height, tint }` of an image or video that this browser can decode, else `{}`. */
export const mediaFacts = async (blob: Blob): Promise<FileMeta> => {
  const kind = kindOf(blob.type)
  try {
    if (kind === 'image') return await imageFacts(blob)
    if (kind === 'video') return await videoFacts(blob)
  } catch {
    // Not decodable in this browser: the file is added without them.
  }
  return {}
}

const imageFacts = async (blob: Blob): Promise<FileMeta> => {
  const bitmap = await createImageBitmap(blob)
  try {
    return { width: bitmap.width, height: bitmap.height, tint: averageColour(bitmap) }
  } finally {
    bitmap.close()
  }
}

const videoFacts = async (blob: Blob): Promise<FileMeta> => {
  const url = URL.createObjectURL(blob)
  const video = document.createElement('video')
  try {
    await new Promise<void>((resolve, reject) => {
      video.onloadedmetadata = () => resolve()
      video.onerror = () => reject(new Error('not decodable'))
      AbortSignal.timeout(HEADER_TIMEOUT_MS).onabort = () => reject(new Error('too slow'))
      video.preload = 'metadata'
      video.src = url
    })
    return video.videoWidth > 0 ? { width: video.videoWidth, height: video.videoHeight } : {}
  } finally {
    video.removeAttribute('src')
    URL.revokeObjectURL(url)
  }
}

const SIDE = 8

const averageColour = (bitmap: ImageBitmap): string => {
  const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d')!
  context.drawImage(bitmap, 0, 0, SIDE, SIDE)
  const { data } = context.getImageData(0, 0, SIDE, SIDE)
  const sum = [0, 0, 0]
  for (let i = 0; i < data.length; i += 4) for (const c of [0, 1, 2]) sum[c]! += data[i + c]!
  return `#${sum
    .map((channel) =>
      Math.round(channel / SIDE ** 2)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
}
