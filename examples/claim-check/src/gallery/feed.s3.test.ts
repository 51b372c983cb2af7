/** Videos of a gallery, by the real server: added, and their sheets added to it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { tokenOf, TOKEN_SECRET } from '../../../../packages/server/src/testing/client.ts'
import { endAll, runServer } from '../../../../packages/server/src/testing/process.ts'
import { runMedia } from '../ffmpeg.ts'
import { runCommand } from '../testing/command.ts'
import { type Gallery, GalleryError, openGallery } from './gallery.ts'

const LIMIT = 240_000

let folder: string
let env: Record<string, string>
let gallery: Gallery
let video: Uint8Array<ArrayBuffer>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claim-check-feed-'))
  const variables = { ROCKPOOL_DATA_DIR: join(folder, 'data'), ROCKPOOL_JWT_SECRET: TOKEN_SECRET, PORT: '0' }
  env = {
    ...environmentOfBucket(await createdBucket('claim-check')),
    GALLERY_URL: await runServer(['serve'], { env: variables, cwd: folder }).url,
    GALLERY_STORE: 'reef',
    GALLERY_TOKEN: await tokenOf({ reef: ['read', 'write'] }),
  }
  gallery = openGallery(env)
  const file = join(folder, 'video.mp4')
  await runMedia('ffmpeg', ['-f', 'lavfi', '-i', 'testsrc=duration=2:size=320x180:rate=5', '-pix_fmt', 'yuv420p', file])
  video = new Uint8Array(await readFile(file))
}, LIMIT)
afterAll(async () => {
  await endAll()
  await rm(folder, { recursive: true, force: true })
})

const feed = (variables: Readonly<Record<string, string>> = {}) => {
  const command = runCommand(['feed', 'once'], { ...env, ...variables })
  onTestFinished(() => command.kill())
  return command
}

const results = async () =>
  (await gallery.list())
    .map(({ path }) => path)
    .filter((path) => path.startsWith('contact-sheets/'))
    .sort()

test(
  'a video gets a contact sheet and frames, once; one that cannot be read gets none',
  { timeout: LIMIT },
  async () => {
    await gallery.write('films/reef.mp4', new Blob([video], { type: 'video/mp4' }))
    await gallery.write('films/broken.mp4', new Blob(['no video'], { type: 'video/mp4' }))
    await gallery.write('notes.txt', new Blob(['hello'], { type: 'text/plain' }))
    const first = feed()
    expect(await first.ended, first.complaint()).toBe(0)
    const { id } = (await gallery.list()).find(({ path }) => path === 'films/reef.mp4')!
    const made = [`${id}.jpg`, `${id}/clip_0001/frame_0001.jpg`, `${id}/clip_0001/frame_0002.jpg`]
    expect(await results()).toEqual(made.map((path) => `contact-sheets/${path}`))
    const bytes = await new Response((await gallery.read(`contact-sheets/${id}.jpg`))!).bytes()
    expect(Buffer.from(bytes.subarray(0, 2)).toString('hex')).toBe('ffd8')
    expect(first.events.filter(({ event }) => event === 'unreadable').length).toBe(1)
    const second = feed()
    expect(await second.ended).toBe(0)
    expect(second.events.filter(({ event }) => event === 'added')).toEqual([])
    expect((await results()).length).toBe(3)
  },
)

test.for([
  ['no URL', { GALLERY_URL: '' }, 2, 'GALLERY_URL'],
  ['no store', { GALLERY_STORE: '' }, 2, 'GALLERY_STORE'],
  ['a token that is none', { GALLERY_TOKEN: 'x' }, 8, 'GALLERY_TOKEN'],
  ['a server that is down', { GALLERY_URL: 'http://127.0.0.1:1' }, 4, 'cannot be reached'],
] as const)('%s', { timeout: LIMIT }, async ([, variables, code, said]) => {
  const command = feed(variables)
  expect(await command.ended).toBe(code)
  expect(command.complaint()).toContain(said)
})

test('a gallery that is down is a typed error', async () => {
  const down = openGallery({ ...env, GALLERY_URL: 'http://127.0.0.1:1' })
  await expect(down.list()).rejects.toBeInstanceOf(GalleryError)
})
