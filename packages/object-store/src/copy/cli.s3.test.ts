/** The command as people run it, to a real S3 and back. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SETUP } from '../local/folder.test.shared.ts'
import { openLocalStore } from '../local/index.ts'
import { connect } from '../s3/connection.ts'
import { testBucket } from '../s3/test-bucket.ts'
import { expectBytes, readAll } from '../testing/bytes.ts'
import { fillStore } from './contents.test.files.ts'

const target = testBucket('copy')
const folder = await mkdtemp(join(tmpdir(), 'rockpool-cli-'))
const [source, back] = [join(folder, 'source'), join(folder, 'back')]
let contents: ReadonlyMap<string, Uint8Array<ArrayBuffer>>

beforeAll(async () => {
  const { client, Bucket } = connect(target)
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
  const store = await openLocalStore({ directory: source, ...SETUP })
  contents = await fillStore(store)
  await store.close()
})
afterAll(() => rm(folder, { recursive: true }))

const run = (...args: string[]) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      ['--conditions=@rockpool/source', join(import.meta.dirname, '../cli.ts'), ...args],
      {
        env: {
          ...process.env,
          ARTIFACT_ENDPOINT: target.endpoint,
          ARTIFACT_ACCESS_KEY: target.accessKey,
          ARTIFACT_SECRET_KEY: target.secretKey,
          ARTIFACT_FORCE_PATH_STYLE: 'true',
        },
      },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })

test('a folder to S3, again, and back', { timeout: 120_000 }, async () => {
  const there = await run('copy', '--from', `local:${source}`, '--to', `s3:${target.bucket}`)
  expect([there.code, there.stderr]).toEqual([0, expect.stringContaining('100 %')])
  expect(there.stdout).toContain(`Copied         ${contents.size} objects`)
  const again = await run('copy', '--from', `local:${source}`, '--to', `s3:${target.bucket}`)
  expect(again.code).toBe(0)
  expect(again.stdout).toContain('Copied         0 objects')
  expect(again.stdout).toContain(`Already there  ${contents.size} objects`)
  expect((await run('copy', '--from', `s3:${target.bucket}`, '--to', `local:${back}`)).code).toBe(0)
  const store = await openLocalStore({ directory: back, ...SETUP })
  expect((await store.list('')).objects.map((object) => object.key)).toEqual([...contents.keys()].toSorted())
  for (const [key, bytes] of contents) expectBytes(await readAll((await store.get(key)).body), bytes)
  await store.close()
  expect((await run('copy', '--from', `s3:${target.bucket}`, '--to', `local:${back}`)).stdout).toContain(
    'Copied         0 ',
  )
})

test.for([
  [[], 2, 'Usage'],
  [['copy', '--from', 'local:x'], 2, 'Usage'],
  [['copy', '--from', 'x', '--to', 'local:y'], 1, '--from is local:<folder>'],
  [['copy', '--from', 'local:/nowhere/at/all', '--to', 's3:x'], 1, 'no store in the folder'],
  [['copy', '--from', 's3:rockpool-no-such-bucket', '--to', 'local:/nowhere'], 1, 'bucket does not exist'],
  [['copy', '--frm', 'x'], 2, "'--frm'"],
] as const)('%j ends with %i', async ([args, code, message]) => {
  const { code: ended, stdout, stderr } = await run(...args)
  expect([ended, stderr]).toEqual([code, expect.stringContaining(message)])
  expect(stdout + stderr).not.toContain(target.secretKey)
})
