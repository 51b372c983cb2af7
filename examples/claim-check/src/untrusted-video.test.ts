import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createArtifacts } from '@rockpool/artifacts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { runMedia } from './ffmpeg.ts'
import { runStage } from './stage.ts'
import { frames } from './stages/frames.ts'
import { probe } from './stages/probe.ts'
import { serveFolder } from './testing/serve-folder.ts'

let folder: string
let video: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claim-check-untrusted-'))
  video = join(folder, 'private.mp4')
  await runMedia('ffmpeg', ['-f', 'lavfi', '-i', 'testsrc=duration=2:size=64x64:rate=2', '-pix_fmt', 'yuv420p', video])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('an HLS playlist that names a file of this machine is no video', async () => {
  const requestId = crypto.randomUUID()
  const server = await serveFolder(requestId)
  onTestFinished(server.close)
  const artifacts = createArtifacts({ server: { url: server.url, token: server.token } })
  const at = { requestId, stage: 'input', name: 'original.mp4' }
  const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://${video}\n#EXT-X-ENDLIST\n`
  const input = await artifacts.put(at, playlist)
  const refs = { refs: [input] }
  const probed = await artifacts.put({ requestId, stage: 'probe', name: 'probe.json' }, JSON.stringify(refs))
  for (const [stage, inputUri] of [
    [probe, input.uri],
    [frames, probed.uri],
  ] as const) {
    const running = runStage(artifacts, stage, { request_id: requestId, stage: stage.name, input_uri: inputUri })
    await expect(running).rejects.toMatchObject({ name: 'MediaError' })
  }
})
