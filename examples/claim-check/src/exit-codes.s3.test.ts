/** How the commands end when a request, an artifact or the store is not as it should be: a line that says what to do, and a code. */
import { join } from 'node:path'
import type { Artifacts } from '@rockpool/artifacts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TOKEN_SECRET } from '../../../packages/server/src/testing/client.ts'
import { runMedia } from './ffmpeg.ts'
import { addRequest } from './orchestrator.ts'
import { requestEnvironment } from './request-environment.ts'
import { runCommand } from './testing/command.ts'
import { openS3, openServer, type Place } from './testing/place.ts'

const LIMIT = 240_000

interface Case {
  readonly what: string
  /** Makes the request; none is there unless set. */
  readonly prepare?: (artifacts: Artifacts, requestId: string) => Promise<unknown>
  /** over those of the place */
  readonly variables?: Readonly<Record<string, string>>
  readonly code: number
  readonly said: RegExp
}

const INPUT = { stage: 'input', name: 'original.mp4' } as const
const stateWith = (input: string) => ({ owner: '', input, outputs: {} })

const resumed: readonly Case[] = [
  { what: 'a request that is not there', code: 6, said: /^There is no request .* Add it with: run <file>\.$/ },
  {
    what: 'an input that is gone',
    prepare: async (artifacts, requestId) => {
      const input = await artifacts.put({ requestId, ...INPUT }, 'video')
      await artifacts.removeRequest(requestId)
      await artifacts.state(requestId).write(stateWith(input.uri), undefined)
    },
    code: 6,
    said: /^probe: s3:.*original\.mp4 does not exist\. .*; run the stage that writes it again\.$/,
  },
  {
    what: 'a video with other bytes than the reference of the stage before says',
    prepare: async (artifacts, requestId) => {
      const input = await artifacts.put({ requestId, ...INPUT }, 'video')
      const probed = await artifacts.put(
        { requestId, stage: 'probe', name: 'probe.json' },
        JSON.stringify({ refs: [input] }),
      )
      await artifacts.put({ requestId, ...INPUT }, 'other', { replace: true })
      await artifacts.state(requestId).write({ ...stateWith(input.uri), outputs: { probe: probed.uri } }, undefined)
    },
    code: 7,
    said: /^frames: .*original\.mp4 has other bytes\. Ask the stage that wrote it for a new reference\.$/,
  },
  {
    what: 'a state of another pipeline',
    prepare: (artifacts, requestId) => artifacts.state(requestId).write({ step: 3 }, undefined),
    code: 7,
    said: /^state\.json is not that of this pipeline\. Run the file as a new request\.$/,
  },
  {
    what: 'an input in another S3 bucket',
    prepare: (artifacts, requestId) =>
      artifacts.state(requestId).write(stateWith(`s3://elsewhere/requests/${requestId}/input/original.mp4`), undefined),
    code: 9,
    said: /^probe: The reference is to the S3 bucket "elsewhere".* Set ARTIFACT_BUCKET to the bucket of the pipeline\.$/,
  },
  {
    what: 'an input that is no reference',
    prepare: (artifacts, requestId) => artifacts.state(requestId).write(stateWith('original.mp4'), undefined),
    code: 9,
    said: /^probe: "original\.mp4" is no reference\. Pass s3:\/\/<bucket>\/<key>\.$/,
  },
  {
    what: 'a store that is down',
    variables: { ARTIFACT_ENDPOINT: 'http://127.0.0.1:1' },
    code: 4,
    said: /^.*127\.0\.0\.1:1 cannot be reached.*\.$/,
  },
]

const { ARTIFACT_TOKEN: tokenOfAnother = '' } = await requestEnvironment(
  { ARTIFACT_TOKEN_SECRET: TOKEN_SECRET },
  crypto.randomUUID(),
)

const wrongSecret: Case = {
  what: 'a wrong secret',
  variables: { ARTIFACT_SECRET_KEY: 'wrong' },
  code: 8,
  said: /^S3 refused the signature\. Check ARTIFACT_SECRET_KEY\.$/,
}
const wrongTokens: readonly Case[] = [
  {
    what: 'a token with a wrong signature',
    variables: { ARTIFACT_TOKEN_SECRET: 'another secret of at least thirty-two bytes' },
    code: 8,
    said: /token/,
  },
  {
    what: 'a token for another request',
    variables: { ARTIFACT_TOKEN_SECRET: '', ARTIFACT_TOKEN: tokenOfAnother },
    code: 8,
    said: /claim "requests"/,
  },
]

describe.each([
  { where: 'on S3', open: openS3, refused: [wrongSecret] },
  { where: 'through a server, on a folder', open: openServer, refused: wrongTokens },
])('$where', ({ open, refused }) => {
  let place: Place
  let video: string
  beforeAll(async () => {
    place = await open()
    video = join(place.env.TMPDIR!, 'video.mp4')
    const source = ['-f', 'lavfi', '-i', 'testsrc=duration=1:size=64x64:rate=2', '-pix_fmt', 'yuv420p']
    await runMedia('ffmpeg', [...source, video])
  }, LIMIT)
  afterAll(() => place?.close())

  const start = (args: readonly string[], variables: Readonly<Record<string, string>> = {}) => {
    const command = runCommand(args, { ...place.env, ...variables })
    onTestFinished(() => command.kill())
    return command
  }

  test.for([...resumed, ...refused])('$what: $code', { timeout: LIMIT }, async ({ prepare, variables, code, said }) => {
    const requestId = crypto.randomUUID()
    await prepare?.(await place.artifactsOf(requestId), requestId)
    const command = start(['resume', requestId], variables)
    const ended = await command.ended
    expect([ended, command.complaint().trim()]).toEqual([code, expect.stringMatching(said)])
  })

  test('a request that is there already, run as a new one: 3', { timeout: LIMIT }, async () => {
    const requestId = crypto.randomUUID()
    await addRequest(await place.artifactsOf(requestId), requestId, { source: 'video', extension: '.mp4' })
    const command = start(['run', video, requestId])
    const said = `The request ${requestId} is there already.`
    expect([await command.ended, command.complaint()]).toEqual([3, expect.stringContaining(said)])
  })

  test('a store that goes down while a stage writes: 4', { timeout: LIMIT }, async () => {
    const arrived = place.gate.hold('probe/probe.json')
    const command = start(['run', video])
    await arrived
    await place.gate.close()
    expect([await command.ended, command.complaint()]).toEqual([
      4,
      expect.stringMatching(/^probe: .* cannot be reached/m),
    ])
  })
})

describe('a command that is wrong', () => {
  let place: Place
  beforeAll(async () => {
    place = await openS3()
  }, LIMIT)
  afterAll(() => place?.close())

  test.for([
    { what: 'no command', args: [], said: 'Write: run' },
    { what: 'no variables', args: ['resume', 'x'], env: {}, said: 'ARTIFACT_ACCESS_KEY' },
    { what: 'a file that is not there', args: ['run', 'gone.mp4'], said: 'cannot be read' },
    {
      what: 'no such S3 bucket',
      args: ['run', import.meta.filename],
      bucket: 'no-such-bucket',
      said: 'does not exist',
    },
    { what: 'a request id that is none', args: ['resume', '42'], said: 'UUID v4' },
  ])('$what: 2', { timeout: LIMIT }, async ({ args, env = place.env, bucket, said }) => {
    const command = runCommand(args, { ...env, ...(bucket && { ARTIFACT_BUCKET: bucket }) })
    onTestFinished(() => command.kill())
    expect([await command.ended, command.complaint().trim()]).toEqual([2, expect.stringContaining(said)])
    expect(command.complaint().trim()).not.toContain('\n')
  })
})
