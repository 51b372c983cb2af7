/** The files of packages/server/deploy and compose.yaml: valid by the programs that read them, and run as far as this machine can. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { createClient } from '../../packages/server/src/testing/client.ts'
import { endAll, runServer } from '../../packages/server/src/testing/process.ts'
import { freePort } from '../free-port.ts'
import { runProgram } from './folder.ts'

// Each configuration is checked by a process of its own.
vi.setConfig({ testTimeout: 300_000 })

const SERVER = join(import.meta.dirname, '../../packages/server')
const SECRET = 'a secret of at least thirty-two bytes'
const POSTGRES_URL = 'postgres://rockpool:word@postgres:5432/rockpool'
/** The longest call of the server, in seconds: see REQUEST_MS of http-server.ts. */
const LONGEST_CALL = 15 * 60

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-deploy-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))
afterAll(endAll)

/** Whether the server takes a configuration as it stands. */
const checkConfig = async (env: Readonly<Record<string, string>>, args: readonly string[] = []) => {
  const { code, output, complaint } = await runServer(['check-config', '--json', ...args], { cwd: folder, env }).ended
  expect([code, complaint]).toEqual([0, ''])
  return JSON.parse(output) as { readonly warnings: readonly string[] }
}

const seconds = (text: string): number => {
  const [, amount, unit] = /^(\d+)(min|m|s)?$/.exec(text)!
  return Number(amount) * (unit === 'min' || unit === 'm' ? 60 : 1)
}

describe.skipIf(!existsSync('/usr/bin/docker-compose'))('compose', () => {
  interface Service {
    readonly command?: readonly string[]
    readonly environment?: Readonly<Record<string, string>>
    readonly stop_grace_period?: string
    readonly ports?: readonly string[]
    readonly volumes?: readonly string[]
  }
  const config = async (...files: readonly string[]) => {
    const args = files.flatMap((file) => ['-f', join(SERVER, file)])
    const env = { ROCKPOOL_JWT_SECRET: SECRET, S3_SECRET_KEY: 'key', POSTGRES_PASSWORD: 'word' }
    return parse(await runProgram('docker-compose', [...args, 'config'], { cwd: folder, env })) as {
      readonly services: Readonly<Record<string, Service>>
    }
  }

  test('compose.yaml is valid, and the server takes the environment of each service', async () => {
    const { services } = await config('compose.yaml')
    for (const name of ['init', 'server']) {
      expect((await checkConfig(services[name]!.environment!)).warnings).toEqual([])
    }
    expect(seconds(services.server!.stop_grace_period!)).toBeGreaterThan(LONGEST_CALL + 10)
    // Only this machine reaches them.
    for (const { ports = [] } of Object.values(services)) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
    }
  })

  test('compose.postgres.yaml is valid over it, and each of several servers has a folder of its own', async () => {
    const { services } = await config('compose.yaml', 'compose.postgres.yaml')
    for (const name of ['init', 'server']) {
      const { environment = {} } = services[name]!
      expect(environment).toMatchObject({ ROCKPOOL_EVENT_LOG: 'postgres', ARTIFACT_BUCKET: 'rockpool' })
      expect((await checkConfig(environment)).warnings).toEqual([])
    }
    // A name would be one volume for all of them, a port of the machine could be had once.
    const { volumes, ports = [] } = services.server!
    expect([volumes, ports]).toEqual([['/data/storage'], []])
  })

  test('a missing secret is refused in one line that says how to make it', async () => {
    const running = runProgram('docker-compose', ['-f', join(SERVER, 'compose.yaml'), 'config'], { cwd: folder })
    await expect(running).rejects.toThrow(/ROCKPOOL_JWT_SECRET.*openssl rand|S3_SECRET_KEY.*openssl rand/)
  })
})

describe.skipIf(!existsSync('/usr/bin/systemd-analyze'))('systemd', () => {
  test('the unit is valid, and gives the longest call its time', async () => {
    const unit = await readFile(join(SERVER, 'deploy/rockpool-server.service'), 'utf8')
    const program = /^ExecStart=(\S+)/m.exec(unit)![1]!
    // systemd-analyze asks whether the program is there.
    const path = join(folder, 'rockpool-server.service')
    await symlink(process.execPath, join(folder, 'program'))
    await writeFile(path, unit.replace(program, join(folder, 'program')))
    expect(await runProgram('systemd-analyze', ['verify', '--man=no', path], { cwd: folder })).toBe('')
    expect(seconds(/^TimeoutStopSec=(\S+)/m.exec(unit)![1]!)).toBeGreaterThan(LONGEST_CALL + 10)
  })
})

describe('Kubernetes', () => {
  interface Resource {
    readonly apiVersion: string
    readonly kind: string
    readonly data?: Readonly<Record<string, string>>
  }
  const resources = async (file: string): Promise<readonly Resource[]> =>
    parseAllDocuments(await readFile(join(SERVER, 'deploy/kubernetes', file), 'utf8')).map((each) => each.toJS())

  /** kubernetes-models has Kubernetes' own schemas as TypeScript, which finds unknown fields, and as validators. */
  const check = async (all: readonly Resource[]) => {
    const lines: string[] = []
    for (const [index, resource] of all.entries()) {
      const { apiVersion, kind } = resource
      const module = `kubernetes-models/${apiVersion.includes('/') ? apiVersion : `${apiVersion}`}`
      const { [kind]: Model } = (await import(module)) as Record<string, new (data: object) => { validate(): void }>
      new Model!(resource).validate()
      const data = JSON.stringify(resource)
      lines.push(`import type { I${kind} as Type${index} } from '${module}'`)
      lines.push(`export const resource${index}: Type${index} = ${data}`)
    }
    const root = join(SERVER, '../..')
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'resources.ts'), lines.join('\n'))
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--ignoreConfig']
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    await runProgram(process.execPath, [tsc, ...options, 'resources.ts'], { cwd: folder })
  }

  test.each(['server.yaml', 'replicas.yaml'])('%s is valid, and the server takes its configuration', async (file) => {
    const all = await resources(file)
    await check(all)
    const yaml = all.find(({ kind }) => kind === 'ConfigMap')!.data!['rockpool.yaml']!
    const secrets = {
      'jwt-secret': SECRET,
      's3-access-key': 'key',
      's3-secret-key': 'key',
      'postgres-url': POSTGRES_URL,
    }
    for (const [name, text] of Object.entries(secrets)) await writeFile(join(folder, name), text)
    await writeFile(join(folder, 'rockpool.yaml'), yaml.replaceAll('/etc/rockpool-secrets', folder))
    expect((await checkConfig({ HOST: '0.0.0.0', PORT: '8787' })).warnings).toEqual([])
    const grace = /"terminationGracePeriodSeconds":(\d+)/.exec(JSON.stringify(all))![1]
    expect(Number(grace)).toBeGreaterThan(LONGEST_CALL + 10)
  })

  test('an unknown field and a wrong type are found', async () => {
    const [first] = await resources('server.yaml')
    await expect(check([{ ...first!, dta: {} } as Resource])).rejects.toThrow("does not exist in type 'IConfigMap'")
    await expect(check([{ ...first!, data: 1 as never }])).rejects.toThrow('data/data must be object')
  })
})

describe.skipIf(!existsSync('/usr/bin/caddy'))('Caddy', () => {
  const CADDYFILE = join(SERVER, 'deploy/Caddyfile')

  /** Resolves with the process when it says that it is up. */
  const started = async (
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    up: RegExp,
  ) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(async () => {
      const exited = child.exitCode === null && once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    })
    const lines: string[] = []
    return new Promise<RegExpExecArray>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        lines.push(line)
        const found = up.exec(line)
        if (found) resolve(found)
      })
      child.once('exit', (code) => reject(new Error(`${program} ended with ${code}: ${lines.join('\n')}`)))
    })
  }

  /** The server, the login and a built app behind Caddy. */
  const site = async (): Promise<string> => {
    const app = join(folder, 'app')
    await mkdir(join(app, 'assets'), { recursive: true })
    await writeFile(join(app, 'index.html'), 'the app')
    await writeFile(join(app, 'assets/main-abcdefgh.js'), 'script')
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const server = runServer(['serve'], {
      env: {
        ROCKPOOL_DATA_DIR: join(folder, 'data'),
        ROCKPOOL_JWT_SECRET: SECRET,
        ROCKPOOL_PUBLIC_URL: url,
        ROCKPOOL_TRUSTED_PROXIES: '127.0.0.1',
        PORT: '0',
      },
    })
    const login = join(SERVER, 'deploy/demo-login.mjs')
    const [, loginPort] = await started(
      process.execPath,
      [login],
      { ROCKPOOL_JWT_SECRET: SECRET, PORT: '0' },
      /listening on \S+:(\d+)/,
    )
    await started(
      'caddy',
      ['run', '--adapter', 'caddyfile', '--config', CADDYFILE],
      {
        ROCKPOOL_SITE: url,
        ROCKPOOL_SERVER_PORT: new URL(await server.url).port,
        ROCKPOOL_DEMO_LOGIN: `127.0.0.1:${loginPort}`,
        ROCKPOOL_APP: app,
      },
      /serving initial configuration/,
    )
    return url
  }

  test('the Caddyfile is valid', async () => {
    const args = ['validate', '--adapter', 'caddyfile', '--config', CADDYFILE]
    expect(await runProgram('caddy', args, { cwd: folder, env: { HOME: folder } })).toContain('Valid configuration')
  })

  test('serves the app, the server and the login on one origin, and keeps metrics from the public', async () => {
    const url = await site()
    const get = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
      const response = await fetch(`${url}${path}`, { headers })
      return {
        status: response.status,
        cache: response.headers.get('cache-control'),
        body: await response.text(),
      }
    }
    expect(await get('/')).toEqual({ status: 200, cache: 'no-cache', body: 'the app' })
    expect(await get('/album/5', { accept: 'text/html' })).toEqual({ status: 200, cache: 'no-cache', body: 'the app' })
    expect(await get('/assets/main-abcdefgh.js')).toEqual({
      status: 200,
      cache: 'public, max-age=31536000, immutable',
      body: 'script',
    })
    expect(await get('/missing.js', { accept: 'text/html' })).toMatchObject({ status: 404 })
    // A file URL that no service worker serves, as in a tab without one: the app's page in place of an image hides that.
    expect(await get('/rockpool/c/shop/files/reef', { accept: 'text/html' })).toMatchObject({ status: 404 })
    for (const path of ['/metrics', '/ready']) expect(await get(path)).toMatchObject({ status: 404 })
    expect(await get('/health')).toMatchObject({ status: 200, body: expect.stringContaining('"running"') })

    const asked = await fetch(`${url}/rockpool-dev/token?user=ada&store=reef`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    const { token } = (await asked.json()) as { readonly token: string }
    const client = createClient(() => url, 'reef', token)
    const key = await client.put(new Uint8Array([1, 2, 3]))
    expect(await client.get(key)).toEqual(new Uint8Array([1, 2, 3]))
    const socket = new WebSocket(`${url.replace('http', 'ws')}/sync/reef/live?since=0`, [
      'rockpool.v1',
      `rockpool.bearer.${Buffer.from(token).toString('base64url')}`,
    ])
    const heads: number[] = []
    socket.addEventListener('message', ({ data }) => heads.push(JSON.parse(String(data)).head))
    await expect.poll(() => heads, { timeout: 60_000 }).toEqual([0])
    await client.push('v1.NoteCreated', { id: 'a' })
    await expect.poll(() => heads, { timeout: 60_000 }).toEqual([0, 1])
    socket.close()
  })

  test('the login gives no token to pages of other sites', async () => {
    const url = await site()
    for (const from of ['cross-site', 'same-site', 'none']) {
      const path = `${url}/rockpool-dev/token?user=ada&store=reef`
      expect((await fetch(path, { method: 'POST', headers: { 'sec-fetch-site': from } })).status).toBe(403)
    }
  })
})
