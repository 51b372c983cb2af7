/**
 * `npm run pipeline -- gallery`: the gallery on a rockpool-server, and the feed of examples/claim-check beside it. A video that is
 * added in the browser gets a contact sheet and frames, which appear as files. PORT: of the gallery, 5173 when not given.
 *
 *     pipeline-gallery.mjs             Vite's dev server
 *     pipeline-gallery.mjs <folder>    serves a build of the gallery
 */
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import react from '@vitejs/plugin-react'
import { SignJWT } from 'jose'
import { createServer, defaultClientConditions, preview } from 'vite'
import { buckets } from '../examples/gallery/src/boot/buckets.ts'
import { rockpool } from '../packages/vite/src/index.ts'
import { TOKEN_PATH, tokenEndpoint } from '../packages/vite/src/backend/token-endpoint.ts'
import { dataFolder } from '../packages/vite/src/data-folder/place.ts'
import { makePrivateFolder } from '../packages/vite/src/data-folder/private.ts'
import { ensureSecret } from '../packages/vite/src/data-folder/secret.ts'
import { fromSource, node24, root } from './processes.mjs'

const host = '127.0.0.1'
const port = Number(process.env.PORT ?? 5173)
const [folder] = process.argv.slice(2)
const origin = `http://${host}:${port}`
const STORE = 'gallery'

const children = []
/** Ends all when one ends: the parts are of no use alone. */
const start = (args, env) => {
  const child = spawn(node24, [fromSource, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR ?? '/tmp', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  child.on('exit', (code) => end(code ?? 1))
  return child
}
let isEnding = false
const end = (code) => {
  if (isEnding) return
  isEnding = true
  for (const child of children) child.kill()
  process.exit(code)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(signal, () => end(0))

const dataDir = dataFolder(join(root, 'examples/claim-check'))
await makePrivateFolder(dataDir)
const secret = await ensureSecret(dataDir)
const sign = (user, claims, lifetime) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setExpirationTime(lifetime)
    .sign(new TextEncoder().encode(secret))

const startStorage = async () => {
  const server = start(['packages/server/src/cli.ts', 'serve'], {
    HOST: host,
    PORT: '0',
    ROCKPOOL_DATA_DIR: join(dataDir, 'server'),
    ROCKPOOL_JWT_SECRET: secret,
    ROCKPOOL_PUBLIC_URL: origin,
    ROCKPOOL_BUCKETS: JSON.stringify(buckets),
  })
  server.stdout.resume()
  let complaint = ''
  return new Promise((resolve, reject) => {
    server.stderr.on('data', (text) => {
      complaint += text
      const url = /listening on (\S+)/.exec(complaint)?.[1]
      if (url) resolve(url.replace(/\/$/, ''))
    })
    server.on('exit', () => reject(new Error(`rockpool-server ended:\n${complaint}`)))
  })
}

const startGallery = async (storage) => {
  const token = tokenEndpoint((user, store) =>
    sign(user, { stores: { [store]: ['read', 'write', 'delete'] } }, '10 min'),
  )
  const mount = ({ middlewares }) => void middlewares.use(TOKEN_PATH, token)
  const proxy = Object.fromEntries(
    ['/sync', '/signer', '/storage'].map((path) => [path, { target: storage, ws: path === '/sync' }]),
  )
  const serving = { host, port, strictPort: true, proxy }
  const config = {
    configFile: false,
    root: join(root, 'examples/gallery'),
    plugins: [react(), rockpool(), { name: 'pipeline:tokens', configureServer: mount, configurePreviewServer: mount }],
    resolve: { conditions: ['@rockpool/source', ...defaultClientConditions] },
    logLevel: 'warn',
    clearScreen: false,
    server: serving,
    preview: serving,
  }
  if (folder) return preview({ ...config, build: { outDir: resolve(folder) } })
  return (await createServer(config)).listen()
}

const startFeed = async (storage) => {
  const feed = start(['examples/claim-check/src/main.ts', 'feed', 'watch'], {
    ARTIFACT_ENDPOINT: `${storage}/signer`,
    ARTIFACT_TOKEN_SECRET: secret,
    GALLERY_URL: storage,
    GALLERY_STORE: STORE,
    GALLERY_TOKEN: await sign('claim-check', { stores: { [STORE]: ['read', 'write'] } }, '365 days'),
  })
  createInterface({ input: feed.stdout }).on('line', (line) => console.log(line))
  feed.stderr.pipe(process.stderr)
}

try {
  const storage = await startStorage()
  await startGallery(storage)
  await startFeed(storage)
  console.log(`Gallery with the claim check: ${origin}/ (Ctrl-C ends it)`)
  process.send?.('ready')
} catch (error) {
  console.error(error.message)
  end(1)
}
