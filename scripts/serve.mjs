/**
 * Serves the gallery until it is told to end. Runs on Node 24 with the condition `@rockpool/source`:
 *
 *     serve.mjs dev                  Vite's dev server
 *     serve.mjs preview [folder]     a production build, `examples/gallery/dist` when not given
 *
 * PORT: the port on 127.0.0.1, 5173 when not given.
 */
import { existsSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import { join, resolve } from 'node:path'
import { createServer, preview } from 'vite'

const gallery = join(import.meta.dirname, '../examples/gallery')
const host = '127.0.0.1'
const [mode, folder = join(gallery, 'dist')] = process.argv.slice(2)

const fail = (message) => {
  console.error(message)
  process.exit(1)
}

const port = Number(process.env.PORT ?? 5173)
if (!Number.isInteger(port) || port < 1 || port > 65535) fail(`PORT=${process.env.PORT} is not a port: 1 to 65535.`)

/** Asked before anything starts: the backend must not open its data beside another one's. */
const isTaken = () =>
  new Promise((settle) => {
    const probe = createTcpServer()
    probe.once('error', () => settle(true))
    probe.listen(port, host, () => probe.close(() => settle(false)))
  })
if (await isTaken()) fail(`Port ${port} is taken: end what uses it, or choose another one with PORT=…`)

const start = async () => {
  // 'native': Node itself reads the TypeScript config, and the workspace packages it imports, by their sources.
  const common = { root: gallery, configLoader: 'native', logLevel: 'warn', clearScreen: false }
  if (mode === 'dev') {
    const server = await createServer({ ...common, server: { host, port, strictPort: true } })
    return server.listen()
  }
  const outDir = resolve(folder)
  if (!existsSync(join(outDir, 'index.html'))) fail(`Nothing is built in ${outDir}: run "npm run build" first.`)
  return preview({ ...common, build: { outDir }, preview: { host, port, strictPort: true } })
}

let server
let ending = false
const end = async () => {
  if (ending) process.exit(1)
  ending = true
  // An open connection or a hanging backend must not keep a person waiting who pressed Ctrl-C.
  setTimeout(() => process.exit(0), 3_000).unref()
  await server?.close().catch((error) => console.error(error))
  process.exit(0)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)
// The parent script is gone, even if by SIGKILL.
process.on('disconnect', end)

try {
  server = await start()
  if (ending) process.exit(0)
  console.log(`Rockpool gallery: http://${host}:${port}/ (Ctrl-C ends it)`)
  process.send?.('ready')
} catch (error) {
  console.error(error)
  process.exit(1)
}
