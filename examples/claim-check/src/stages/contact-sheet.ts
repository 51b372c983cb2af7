/** Puts the frames on one sheet. */
import { openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { runMedia } from '../ffmpeg.ts'
import { download, putRefs, readRefs, type Stage } from '../stage.ts'

const COLUMNS = 3

export const contactSheet: Stage = {
  name: 'contact-sheet',
  run: async (context) => {
    const { artifacts, requestId, folder } = context
    const refs = await readRefs(context)
    for (const [i, ref] of refs.entries()) {
      await download(artifacts, ref, join(folder, `frame_${String(i + 1).padStart(4, '0')}.jpg`))
    }
    const rows = Math.ceil(refs.length / COLUMNS)
    const file = join(folder, 'sheet.jpg')
    await runMedia('ffmpeg', [
      ...['-i', join(folder, 'frame_%04d.jpg'), '-vf', `tile=${COLUMNS}x${rows}:padding=4:margin=4`, '-frames:v', '1'],
      ...['-q:v', '3', '-threads', '1', '-bitexact', file],
    ])
    const sheet = await artifacts.put({ requestId, stage: 'contact-sheet', name: 'sheet.jpg' }, await openAsBlob(file))
    return putRefs(context, 'contact-sheet', 'contact-sheet.json', { refs: [sheet] })
  },
}
