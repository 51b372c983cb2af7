/** The pipeline whole, in its own processes: on S3, and on a folder through a server. Killed in the middle of each stage. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createArtifacts, parseArtifactRef, readEnvironment } from '@rockpool/artifacts'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { runMedia } from './ffmpeg.ts'
import { STAGES } from './request-record.ts'
import { type Command, type PipelineEvent, runCommand } from './testing/command.ts'
import { type Gate, openGate } from './testing/gate.ts'
import { serveFolder } from './testing/serve-folder.ts'

const LIMIT = 240_000

let folder: string
let video: string
let gate: Gate
let env: Readonly<Record<string, string>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claim-check-test-'))
  video = join(folder, 'video.mp4')
  const source = ['-f', 'lavfi', '-i', 'testsrc=duration=5:size=320x180:rate=5', '-pix_fmt', 'yuv420p']
  await runMedia('ffmpeg', [...source, video])
  const bucket = await createdBucket('claim-check')
  gate = await openGate(bucket.endpoint)
  // What killed processes leave behind goes with the folder.
  env = { ...environmentOfBucket(bucket), ARTIFACT_ENDPOINT: gate.url, TMPDIR: folder }
}, LIMIT)
afterAll(async () => {
  await gate?.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => gate.release())

const start = (args: readonly string[], variables = env): Command => {
  const command = runCommand(args, variables)
  onTestFinished(() => command.kill())
  return command
}

const stagesOf = (events: readonly PipelineEvent[], event: string) =>
  events.filter((each) => each.event === event).map(({ stage }) => stage)

/** Fails unless the result is a picture with one tile for each second of the video. */
const expectSheet = async (uri: string, variables = env) => {
  const artifacts = createArtifacts(readEnvironment(variables))
  const output = (await (await artifacts.get(await artifacts.resolve(uri))).json()) as { readonly refs: unknown[] }
  const sheet = parseArtifactRef(output.refs[0])
  expect(sheet).toMatchObject({ type: 'image/jpeg', key: expect.stringMatching(/\/contact-sheet\/sheet\.jpg$/) })
  const file = join(folder, `${crypto.randomUUID()}.jpg`)
  await writeFile(file, await (await artifacts.get(sheet)).bytes())
  const facts = await runMedia('ffprobe', ['-show_entries', 'stream=width,height', '-of', 'csv=p=0', file])
  expect(facts.trim()).toBe('976,372')
}

describe('on S3', () => {
  test('makes a contact sheet of a video, and keeps state and logs', { timeout: LIMIT }, async () => {
    const command = start(['run', video])
    expect(await command.ended).toBe(0)
    expect(stagesOf(command.events, 'done')).toEqual(STAGES)
    const { output_uri: uri } = command.events.at(-1)!
    await expectSheet(uri!)
    const requestId = command.events[0]!.request_id!
    const artifacts = createArtifacts(readEnvironment(env))
    const messages: string[] = []
    for await (const { stage, record } of artifacts.readLogs(requestId)) {
      messages.push(`${stage} ${(record as { message: string }).message}`)
    }
    expect(messages).toEqual(STAGES.flatMap((stage) => [`${stage} started`, `${stage} done`]))
    expect((await artifacts.state(requestId).read())?.value).toMatchObject({ outputs: { 'contact-sheet': uri } })
  })

  test.for([
    ['probe', 'probe/probe.json'],
    ['frames', 'frames/clip_0001/frame_0003.jpg'],
    ['contact-sheet', 'contact-sheet/sheet.jpg'],
  ] as const)(
    'a stage that is killed in the middle, %s, is run again',
    { timeout: LIMIT },
    async ([stage, artifact]) => {
      const arrived = gate.hold(artifact)
      const command = start(['run', video])
      const { pid } = await command.until((event) => event.event === 'started' && event.stage === stage)
      await arrived
      process.kill(pid!, 'SIGKILL')
      await command.until((event) => event.event === 'died')
      gate.release()
      expect(await command.ended).toBe(0)
      expect(stagesOf(command.events, 'died')).toEqual([stage])
      await expectSheet(command.events.at(-1)!.output_uri!)
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
      const arrived = gate.hold(artifact)
      const command = start(['run', video])
      await arrived
      command.kill()
      expect(await command.ended).toBeNull()
      gate.release()
      const resumed = start(['resume', command.events[0]!.request_id!])
      expect(await resumed.ended).toBe(0)
      expect(stagesOf(resumed.events, 'done')).toEqual(left)
      await expectSheet(resumed.events.at(-1)!.output_uri!)
    },
  )

  test('of two orchestrators on one request the earlier one stops', { timeout: LIMIT }, async () => {
    const arrived = gate.hold('frames/frames.json')
    const first = start(['run', video])
    await arrived
    const second = start(['resume', first.events[0]!.request_id!])
    await second.until((event) => event.event === 'started' && event.stage === 'frames')
    gate.release()
    expect((await Promise.all([first.ended, second.ended])).sort()).toEqual([0, 3])
    expect(first.complaint()).toContain('another orchestrator')
    await expectSheet(second.events.at(-1)!.output_uri!)
  })

  test('a file that is no video ends with 5, and its input stays', { timeout: LIMIT }, async () => {
    const file = join(folder, 'text.mp4')
    await writeFile(file, 'This is no video.')
    const command = start(['run', file])
    expect(await command.ended).toBe(5)
    expect(command.complaint()).toContain('cannot read the media')
  })
})

test('through a server, on a folder, with a token for this request', { timeout: LIMIT }, async () => {
  const requestId = crypto.randomUUID()
  const server = await serveFolder(requestId)
  onTestFinished(server.close)
  const variables = { ARTIFACT_ENDPOINT: server.url, ARTIFACT_TOKEN: server.token, TMPDIR: folder }
  const command = start(['run', video, requestId], variables)
  expect(await command.ended).toBe(0)
  await expectSheet(command.events.at(-1)!.output_uri!, variables)
  const other = start(['run', video], variables)
  expect(await other.ended).toBe(2)
  expect(other.complaint()).toContain('claim "requests"')
})

describe('bad input', () => {
  test.for([
    ['no command', () => [], {}, 2, 'Write: run'],
    ['no variables', () => ['run', video], {}, 2, 'ARTIFACT_ACCESS_KEY'],
    ['a file that is not there', () => ['run', `${video}.gone`], undefined, 2, 'cannot be read'],
    ['no S3 bucket', () => ['run', video], { ARTIFACT_BUCKET: 'no-such-bucket' }, 2, 'does not exist'],
    ['a wrong secret', () => ['run', video], { ARTIFACT_SECRET_KEY: 'wrong' }, 2, 'ARTIFACT_SECRET_KEY'],
    ['an unknown request', () => ['resume', '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77'], undefined, 1, 'run <file>'],
    ['a request id that is none', () => ['resume', '42'], undefined, 2, 'UUID v4'],
    ['S3 that is down', () => ['run', video], { ARTIFACT_ENDPOINT: 'http://127.0.0.1:1' }, 4, 'cannot be reached'],
  ] as const)('%s', { timeout: LIMIT }, async ([what, args, variables, code, said]) => {
    const command = start(args(), what === 'no variables' || what === 'no command' ? {} : { ...env, ...variables })
    expect(await command.ended).toBe(code)
    expect(command.complaint()).toContain(said)
    expect(command.complaint().trim().split('\n').length).toBe(1)
  })
})
