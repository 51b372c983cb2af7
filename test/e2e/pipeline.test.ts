/** `npm run pipeline -- gallery`: a video that a browser adds comes back as a contact sheet and frames. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runMedia } from '../../examples/claim-check/src/ffmpeg.ts'
import { freePort } from '../free-port.ts'
import { BROWSERS, createDevice } from './device.ts'
import { galleryFolder } from './server.ts'

const root = join(import.meta.dirname, '../..')

const startPipeline = async (dataFolder: string) => {
  const port = await freePort()
  const child = spawn(
    process.execPath,
    ['--conditions=@rockpool/source', 'scripts/pipeline-gallery.mjs', galleryFolder()],
    {
      cwd: root,
      env: { ...process.env, NODE_ENV: 'production', PORT: String(port), ROCKPOOL_DATA_DIR: dataFolder },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    },
  )
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (output += text))
  const ended = once(child, 'exit')
  const failed = ended.then(() => {
    throw new Error(`The pipeline ended:\n${output}`)
  })
  await Promise.race([once(child, 'message'), failed])
  failed.catch(() => {})
  return {
    url: `http://127.0.0.1:${port}/`,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
      await ended
    },
  }
}

test('a video that a browser adds gets a contact sheet and frames, as files in the gallery', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-pipeline-'))
  try {
    const video = join(folder, 'reef.mp4')
    const source = ['-f', 'lavfi', '-i', 'testsrc=duration=3:size=320x180:rate=5', '-pix_fmt', 'yuv420p']
    await runMedia('ffmpeg', [...source, video])
    await using pipeline = await startPipeline(join(folder, 'data'))
    await using device = await createDevice(BROWSERS[0]!, pipeline.url)
    const tab = await device.open()
    await tab.pick(video)
    await tab.shows('reef.mp4')
    const { id } = (await tab.tiles())[0]!
    const results = ['frame_0001.jpg', 'frame_0002.jpg', 'frame_0003.jpg', `${id}.jpg`]
    const names = async () => (await tab.tiles()).map(({ name }) => name).sort()
    await expect.poll(names, { timeout: 240_000, message: pipeline.output() }).toEqual(['reef.mp4', ...results].sort())
    expect(await tab.imageWidth(`${id}.jpg`)).toBe(976)
    expect(await tab.imageWidth('frame_0003.jpg')).toBe(320)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
})
