/** An npm registry with the packages of this workspace. What else is asked for comes from the registry that npm is set to. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runProgram } from './folder.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

export interface LocalRegistry extends AsyncDisposable {
  readonly url: string
  /** the manifests that it serves */
  readonly manifests: readonly Manifest[]
}

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly engines?: { readonly node: string }
}

/** Brings the `dist` of every package up to date. */
export const buildPackages = async (): Promise<void> => {
  await runProgram(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'tsconfig.build.json'], { cwd: ROOT })
}

/** Packs every published package as npm would publish it. */
export const startLocalRegistry = async (): Promise<LocalRegistry> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-registry-'))
  const upstream = (await run('npm', ['config', 'get', 'registry'], { cwd: ROOT })).stdout.trim().replace(/\/$/, '')
  const manifests = await publishedManifests()
  const workspaces = manifests.map(({ name }) => `--workspace=${name}`)
  await run('npm', ['pack', '--silent', '--pack-destination', folder, ...workspaces], { cwd: ROOT })
  const byName = new Map(manifests.map((manifest) => [manifest.name, manifest]))

  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.split('?', 1)[0]!.slice(1))
    respond(path).then(
      ({ status = 200, body, type = 'application/json' }) => {
        response.writeHead(status, { 'content-type': type })
        response.end(body)
      },
      (error: unknown) => response.writeHead(502).end(String(error)),
    )
  })
  const respond = async (path: string): Promise<{ status?: number; body: Uint8Array | string; type?: string }> => {
    if (path.startsWith('-/tarballs/')) {
      const body = await readFile(join(folder, path.slice('-/tarballs/'.length)))
      return { body, type: 'application/octet-stream' }
    }
    const manifest = byName.get(path)
    if (manifest)
      return { body: JSON.stringify(packument(manifest, await readFile(join(folder, tarballOf(manifest))), url)) }
    // Advisories, sign-ups and searches are not for this test.
    if (path.startsWith('-/')) return { status: 404, body: '{}' }
    const { status, headers, body } = await fetch(`${upstream}/${path.replace('/', '%2f')}`)
    return {
      status,
      body: new Uint8Array(await new Response(body).arrayBuffer()),
      type: headers.get('content-type') ?? '',
    }
  }
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    manifests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
}

const publishedManifests = async (): Promise<readonly Manifest[]> => {
  const { references } = JSON.parse(await readFile(join(ROOT, 'tsconfig.build.json'), 'utf8')) as {
    readonly references: readonly { readonly path: string }[]
  }
  return Promise.all(
    references.map(
      async ({ path }) => JSON.parse(await readFile(join(ROOT, path, 'package.json'), 'utf8')) as Manifest,
    ),
  )
}

const tarballOf = ({ name, version }: Manifest): string => `${name.replace('@', '').replace('/', '-')}-${version}.tgz`

const packument = (manifest: Manifest, tarball: Uint8Array, url: string): object => {
  const { name, version } = manifest
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  const dist = { tarball: `${url}/-/tarballs/${tarballOf(manifest)}`, integrity }
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } }
}
