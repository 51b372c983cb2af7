/** The command as people run it, to a real S3 and back. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalStore } from '@rockpool/object-store/local'
import { PART_SIZE, sha256 } from '@rockpool/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesOf, contentOf, URL_SECRET } from '../testing/content.ts'
import { endAll, runServer } from '../testing/process.ts'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'

const target = await createdBucket('server')
const folder = await mkdtemp(join(tmpdir(), 'rockpool-copy-'))
const [source, back] = [join(folder, 'source'), join(folder, 'back')]
const contents = new Map<string, Uint8Array<ArrayBuffer>>()
const openFolder = (directory: string) =>
  openLocalStore({ directory, publicBaseUrl: 'http://localhost', secret: URL_SECRET })

beforeAll(async () => {
  await mkdir(source)
  const store = await openFolder(source)
  for (const size of [0, 1, 100_000, PART_SIZE]) {
    const { bytes, address } = await contentOf(size, size + 1)
    await store.put(`reef/files/${address}`, bytes, { size })
    contents.set(`reef/files/${address}`, bytes)
  }
  const large = bytesOf(2 * PART_SIZE, 9)
  const uploadId = await store.multipart.start('backup.tar', { type: 'application/x-tar' })
  for (const number of [1, 2]) {
    const part = large.slice((number - 1) * PART_SIZE, number * PART_SIZE)
    await store.multipart.putPart('backup.tar', uploadId, number, part, {
      size: part.length,
      sha256: await sha256(part),
    })
  }
  await store.multipart.complete('backup.tar', uploadId, await store.multipart.listParts('backup.tar', uploadId))
  contents.set('backup.tar', large)
  await store.close()
})
afterAll(async () => {
  await endAll()
  await rm(folder, { recursive: true })
})

const run = async (...args: string[]) => {
  const { code, output, complaint } = await runServer(args, { env: environmentOfBucket(target) }).ended
  return { code, stdout: output, stderr: complaint }
}

test('a folder to S3, again, and back', { timeout: 120_000 }, async () => {
  const there = await run('copy', '--from', `local:${source}`, '--to', `s3:${target.bucket}`)
  expect([there.code, there.stderr]).toEqual([0, expect.stringContaining('100 %')])
  expect(there.stdout).toContain(`Copied         ${contents.size} objects`)
  const again = await run('copy', '--from', `local:${source}`, '--to', `s3:${target.bucket}`)
  expect(again.code).toBe(0)
  expect(again.stdout).toContain('Copied         0 objects')
  expect(again.stdout).toContain(`Already there  ${contents.size} objects`)
  expect((await run('copy', '--from', `s3:${target.bucket}`, '--to', `local:${back}`)).code).toBe(0)
  const store = await openFolder(back)
  expect((await store.list('')).objects.map((object) => object.key)).toEqual([...contents.keys()].toSorted())
  for (const [key, bytes] of contents) {
    const body = await new Response((await store.get(key)).body).arrayBuffer()
    expect(Buffer.compare(new Uint8Array(body), bytes)).toBe(0)
  }
  await store.close()
  expect((await run('copy', '--from', `s3:${target.bucket}`, '--to', `local:${back}`)).stdout).toContain(
    'Copied         0 ',
  )
})

test.for([
  [['copy', '--from', 'x', '--to', 'local:y'], 1, '--from is local:<folder>'],
  [['copy', '--from', 'local:/nowhere/at/all', '--to', 's3:x'], 1, 'no store in the folder'],
  [['copy', '--from', 's3:rockpool-no-such-bucket', '--to', 'local:/nowhere'], 1, 'bucket does not exist'],
  [['copy', '--frm', 'x'], 2, 'Did you mean "--from"'],
] as const)('%j ends with %i', async ([args, code, message]) => {
  const { code: ended, stdout, stderr } = await run(...args)
  expect([ended, stderr]).toEqual([code, expect.stringContaining(message)])
  expect(stdout + stderr).not.toContain(target.secretKey)
})
