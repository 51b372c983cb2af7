import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../fixtures/app.ts'
import { type FinishedBuild, precacheManifest } from './precache-manifest.ts'

/** A build of these files, each of a size in bytes. */
const build = async (files: Readonly<Record<string, number>>, options: Partial<FinishedBuild> = {}) => {
  const dir = await temporaryFolder()
  for (const [file, size] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true })
    await writeFile(join(dir, file), Buffer.alloc(size))
  }
  return precacheManifest({ dir, base: '/', assetsDir: 'assets', emitted: new Set(), ...options })
}
const urls = async (...args: Parameters<typeof build>) => (await build(...args)).manifest.map(({ url }) => url)

test('a large file of `public` is left out, a large file of the build is not', async () => {
  const size = 2 * 1024 * 1024 + 1
  const files = { 'tour.mp4': size, 'assets/app-12345678.js': size, 'icon.png': size - 1 }
  const { manifest, omitted } = await build(files, { emitted: new Set(['assets/app-12345678.js']) })
  expect(manifest.map(({ url }) => url)).toEqual(['assets/app-12345678.js', 'icon.png'])
  expect(omitted).toEqual([{ file: 'tour.mp4', size }])
})

test('files that hosts do not serve are left out', async () => {
  const hosts = { _headers: 1, _redirects: 1, CNAME: 1, '404.html': 1, '.nojekyll': 1, '.well-known/a.txt': 1 }
  const build = { 'service-worker.js': 1, 'assets/app.js.map': 1, 'about/index.html': 1, 'assets/_shared.js': 1 }
  expect(await urls({ ...hosts, ...build })).toEqual(['about/index.html', 'assets/_shared.js'])
})

test('a name with a hash has no revision only when the build made it', async () => {
  const files = { 'static/app-abcdefgh.js': 1, 'static/photo-20240101.jpg': 1 }
  const { manifest } = await build(files, { assetsDir: 'static', emitted: new Set(['static/app-abcdefgh.js']) })
  expect(manifest.map(({ revision }) => revision)).toEqual([null, expect.stringMatching(/^[0-9a-f]{16}$/)])
})

test.each([
  ['/', ['assets/a%20b.js', 'index.html']],
  ['/app/', ['assets/a%20b.js', 'index.html']],
  ['./', ['assets/a%20b.js', 'index.html']],
  ['https://cdn.example/app/', ['https://cdn.example/app/assets/a%20b.js', 'index.html']],
])('with the base %s, pages are beside the worker', async (base, expected) => {
  expect(await urls({ 'index.html': 1, 'assets/a b.js': 1 }, { base })).toEqual(expected)
})
