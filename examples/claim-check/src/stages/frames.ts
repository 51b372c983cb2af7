/** Takes frames of the video, one a second. */
import { openAsBlob } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArtifactRef } from '@rockpool/artifacts'
import { MediaError } from '../errors.ts'
import { runMedia, UNTRUSTED_VIDEO } from '../ffmpeg.ts'
import { download, putRefs, readRefs, type Stage } from '../stage.ts'

/** As many as the contact sheet shows. */
const MAX_FRAMES = 9

export const frames: Stage = {
  name: 'frames',
  run: async (context) => {
    const { artifacts, requestId, folder } = context
    const [video] = await readRefs(context)
    const file = join(folder, 'original')
    await download(artifacts, video, file)
    await runMedia('ffmpeg', [
      ...UNTRUSTED_VIDEO,
      ...['-i', file, '-vf', 'fps=1,scale=320:-2', '-frames:v', String(MAX_FRAMES), '-q:v', '3'],
      // The same bytes each time: this stage may be killed and run again.
      ...['-threads', '1', '-bitexact', join(folder, 'frame_%04d.jpg')],
    ])
    const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort()
    if (names.length === 0) throw new MediaError('The video has no frame. Add one that has.')
    const refs: ArtifactRef[] = []
    for (const name of names) {
      const location = { requestId, stage: 'frames', name: `clip_0001/${name}` }
      refs.push(await artifacts.put(location, await openAsBlob(join(folder, name))))
    }
    return putRefs(context, 'frames', 'frames.json', { refs })
  },
}
