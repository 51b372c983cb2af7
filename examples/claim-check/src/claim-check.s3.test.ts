/** The pipeline whole, in its own processes: on S3, and on a folder through a server. Killed in the middle of each stage. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArtifactRef } from '@rockpool/artifacts'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { runMedia } from './ffmpeg.ts'
import { STAGES } from './request-record.ts'
import { type Command, type PipelineEvent, runCommand } from './testing/command.ts'
import { openS3, openServer, type Place } from './testing/place.ts'

const LIMIT = 240_000

let folder: string
let video: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claim-check-test-'))
  video = join(folder, 'video.mp4')
  const source = ['-f', 'lavfi', '-i', 'testsrc=duration=5:size=320x180:rate=5', '-pix_fmt', 'yuv420p']
  await runMedia('ffmpeg', [...source, video])
}, LIMIT)
afterAll(() => rm(folder, { recursive: true, force: true }))

const start = (args: readonly string[], env: Readonly<Record<string, string>>): Command => {
  const command = runCommand(args, env)
  onTestFinished(() => command.kill())
  return command
}

const stagesOf = (events: readonly PipelineEvent[], event: string) =>
  events.filter((each) => each.event === event).map(({ stage }) => stage)

/** Fails unless the result is a picture with one tile for each second of the video. */
const expectSheet = async (place: Place, command: Command) => {
  const artifacts = await place.artifactsOf(command.events[0]!.request_id!)
  const uri = command.events.at(-1)!.output_uri!
  const output = (await (await artifacts.get(await artifacts.resolve(uri))).json()) as { readonly refs: unknown[] }
  const sheet = parseArtifactRef(output.refs[0])
  expect(sheet).toMatchObject({ type: 'image/jpeg', key: expect.stringMatching(/\/contact-sheet\/sheet\.jpg$/) })
  const file = join(folder, `${crypto.randomUUID()}.jpg`)
  await writeFile(file, await (await artifacts.get(sheet)).bytes())
  const facts = await runMedia('ffprobe', ['-show_entries', 'stream=width,height', '-of', 'csv=p=0', file])
  expect(facts.trim()).toBe('976,372')
}

describe.each([
  { where: 'on S3', open: openS3 },
  { where: 'through a server, on a folder', open: openServer },
])('$where', ({ open }) => {
  let place: Place
  beforeAll(async () => {
    place = await open()
  }, LIMIT)
  afterAll(() => place?.close())
  beforeEach(() => place.gate.release())

  test('makes a contact sheet of a video, and keeps state and logs', { timeout: LIMIT }, async () => {
    const command = start(['run', video], place.env)
    expect(await command.ended).toBe(0)
    expect(stagesOf(command.events, 'done')).toEqual(STAGES)
    await expectSheet(place, command)
    const requestId = command.events[0]!.request_id!
    const artifacts = await place.artifactsOf(requestId)
    const messages: string[] = []
    for await (const { stage, record } of artifacts.readLogs(requestId)) {
      messages.push(`${stage} ${(record as { message: string }).message}`)
    }
    expect(messages).toEqual(STAGES.flatMap((stage) => [`${stage} started`, `${stage} done`]))
    expect((await artifacts.state(requestId).read())?.value).toMatchObject({
      outputs: { 'contact-sheet': command.events.at(-1)!.output_uri },
    })
  })

  test.for([
    ['probe', 'probe/probe.json'],
    ['frames', 'frames/clip_0001/frame_0003.jpg'],
    ['contact-sheet', 'contact-sheet/sheet.jpg'],
  ] as const)(
    'a stage that is killed in the middle, %s, is run again',
    { timeout: LIMIT },
    async ([stage, artifact]) => {
      const arrived = place.gate.hold(artifact)
      const command = start(['run', video], place.env)
      const { pid } = await command.until((event) => event.event === 'started' && event.stage === stage)
      await arrived
      process.kill(pid!, 'SIGKILL')
      await command.until((event) => event.event === 'died')
      place.gate.release()
      expect(await command.ended).toBe(0)
      expect(stagesOf(command.events, 'died')).toEqual([stage])
      await expectSheet(place, command)
    },
  )

  test.for([
    ['probe', 'probe/probe.json', STAGES],
    ['frames', 'frames/frames.json', ['frames', 'contact-sheet']],
    ['contact-sheet', 'contact-sheet/contact-sheet.json', ['contact-sheet']],
  ] as const)(
    'an orchestrator that is killed during %s is resumed there',
    { timeout: LIMIT },
    async ([, artifact, left]) => {
      const arrived = place.gate.hold(artifact)
      const command = start(['run', video], place.env)
      await arrived
      command.kill()
      expect(await command.ended).toBeNull()
      place.gate.release()
      const resumed = start(['resume', command.events[0]!.request_id!], place.env)
      expect(await resumed.ended).toBe(0)
      expect(stagesOf(resumed.events, 'done')).toEqual(left)
      await expectSheet(place, resumed)
    },
  )

  test('of two orchestrators on one request the earlier one stops', { timeout: LIMIT }, async () => {
    const arrived = place.gate.hold('frames/frames.json')
    const first = start(['run', video], place.env)
    await arrived
    const second = start(['resume', first.events[0]!.request_id!], place.env)
    await second.until((event) => event.event === 'started' && event.stage === 'frames')
    place.gate.release()
    expect((await Promise.all([first.ended, second.ended])).sort()).toEqual([0, 3])
    expect(first.complaint()).toContain('another orchestrator')
    await expectSheet(place, second)
  })

  test('a file that is no video ends with 5, and its input stays', { timeout: LIMIT }, async () => {
    const file = join(folder, 'text.mp4')
    await writeFile(file, 'This is no video.')
    const command = start(['run', file], place.env)
    expect(await command.ended).toBe(5)
    expect(command.complaint()).toContain('cannot read the media')
  })
})
