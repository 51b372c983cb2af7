/** Reads what the video is. */
import { join } from 'node:path'
import { MediaError } from '../errors.ts'
import { runMedia, UNTRUSTED_VIDEO } from '../ffmpeg.ts'
import { download, putRefs, type Stage } from '../stage.ts'

export const probe: Stage = {
  name: 'probe',
  run: async (context) => {
    const { artifacts, input, folder } = context
    const file = join(folder, 'original')
    await download(artifacts, input, file)
    const output = await runMedia('ffprobe', [
      ...UNTRUSTED_VIDEO,
      ...['-print_format', 'json', '-show_format', '-show_streams', file],
    ])
    const { streams = [], format } = JSON.parse(output) as {
      readonly streams?: readonly { readonly codec_type?: string; readonly width?: number; readonly height?: number }[]
      readonly format?: { readonly duration?: string }
    }
    const video = streams.find(({ codec_type: type }) => type === 'video')
    if (!video) throw new MediaError('The file has no video. Add one that has.')
    const facts = { width: video.width, height: video.height, seconds: Number(format?.duration ?? 0) }
    return putRefs(context, 'probe', 'probe.json', { ...facts, refs: [input] })
  },
}
