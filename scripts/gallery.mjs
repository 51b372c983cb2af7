/**
 * The gallery, by Vite's API. Runs on Node 24 with the condition `@rockpool/source`:
 *
 *     gallery.mjs dev                      Vite's dev server
 *     gallery.mjs build [folder] [mode]    the production build, into `examples/gallery/dist` when not told
 *     gallery.mjs preview [folder]         serves it
 *
 * PORT: the port on 127.0.0.1, 5173 when not given. APP_ROOT: another app than the gallery, for tests.
 */
import { existsSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import { join, resolve } from 'node:path'
import { build, createServer, defaultClientConditions, preview } from 'vite'

const root = process.env.APP_ROOT ?? join(import.meta.dirname, '../examples/gallery')
const host = '127.0.0.1'
const [command, folder = join(root, 'dist'), mode = 'production'] = process.argv.slice(2)
const outDir = resolve(folder)
const port = Number(process.env.PORT ?? 5173)

const common = {
  root,
  // 'native': Node itself reads the TypeScript config, and the workspace packages it imports, by their sources.
  configLoader: 'native',
  resolve: { conditions: ['@rockpool/source', ...defaultClientConditions] },
  logLevel: 'warn',
  clearScreen: false,
}

const fail = (message) => {
  console.error(message)
  process.exit(1)
}

/** Asked before anything starts: a backend must not open its data beside another one's. */
const isTaken = () =>
  new Promise((settle) => {
    const probe = createTcpServer()
    probe.once('error', () => settle(true))
    probe.listen(port, host, () => probe.close(() => settle(false)))
  })

/** Serves until a person, or the death of the script that started this, ends it. */
const serve = async (start) => {
  if (!Number.isInteger(port) || port < 1 || port > 65535) fail(`PORT=${process.env.PORT} is not a port: 1 to 65535.`)
  if (await isTaken()) fail(`Port ${port} is taken: end what uses it, or choose another one with PORT=…`)

  const starting = start()
  let ending = false
  const end = async () => {
    if (ending) process.exit(1)
    ending = true
    // An open connection or a hanging backend must not keep a person waiting who pressed Ctrl-C.
    setTimeout(() => process.exit(0), 3_000).unref()
    await starting.then((server) => server.close()).catch((error) => console.error(error))
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(signal, end)

  await starting
  if (ending) return
  console.log(`Rockpool gallery: http://${host}:${port}/ (Ctrl-C ends it)`)
  process.send?.('ready')
}

const commands = {
  dev: () =>
    serve(async () => {
      const server = await createServer({ ...common, server: { host, port, strictPort: true } })
      return server.listen()
    }),
  build: () => build({ ...common, mode, build: { outDir, emptyOutDir: true } }),
  preview: () => {
    if (!existsSync(join(outDir, 'index.html'))) fail(`Nothing is built in ${outDir}: run "npm run build" first.`)
    return serve(() => preview({ ...common, build: { outDir }, preview: { host, port, strictPort: true } }))
  },
}

try {
  await commands[command]()
} catch (error) {
  console.error(error)
  process.exit(1)
}
