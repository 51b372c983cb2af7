/**
 * What a checkout costs: the first page after `npm start`, memory, bytes of the built gallery.
 *
 *     node test/bench/app-report.mjs [root of a checkout]
 *
 * The checkout has its dependencies. Chromium opens the page with an empty profile; CHROME_PATH names it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import puppeteer from 'puppeteer-core'

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '../..'))
const node24 = join(root, 'node_modules/.bin/node')
const gallery = join(root, 'examples/gallery')
const FILES = 100

const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

/** Each process with its parent. */
const processes = async () => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      return { pid: Number(pid), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) }
    }),
  )
  return stats
}

/** MB of a process and all that it started: proportional set size, so shared pages count once. */
const memoryOf = async (pid) => {
  const all = await processes()
  const tree = [pid]
  for (const id of tree) tree.push(...all.filter(({ parent }) => parent === id).map((child) => child.pid))
  let bytes = 0
  for (const id of tree) {
    const rollup = await readFile(`/proc/${id}/smaps_rollup`, 'utf8').catch(() => '')
    bytes += Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1_024
  }
  return Math.round(bytes / 1e6)
}

const poolIsOpen = (page) =>
  page.waitForFunction(() => 'pool' in window && navigator.serviceWorker.controller !== null, { timeout: 120_000 })

/** Starts the development server, opens the first page, adds files. */
const firstPage = async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'rockpool-report-data-'))
  const profile = await mkdtemp(join(tmpdir(), 'rockpool-report-profile-'))
  const port = await freePort()
  const start = performance.now()
  const server = spawn(node24, ['--conditions=@rockpool/source', 'scripts/gallery.mjs', 'dev'], {
    cwd: root,
    env: { ...process.env, PORT: String(port), ROCKPOOL_DATA_DIR: dataFolder },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
  })
  await once(server, 'message')
  const started = performance.now() - start
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium',
    userDataDir: profile,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  })
  try {
    const page = await browser.newPage()
    const opening = performance.now()
    await page.goto(`http://127.0.0.1:${port}/`)
    await poolIsOpen(page)
    const opened = performance.now() - opening
    const emptyServer = await memoryOf(server.pid)
    const emptyBrowser = await memoryOf(browser.process().pid)
    await page.evaluate(async (count) => {
      const { pool } = window
      const add = (index) => pool.add(new Blob([`${index}`, new Uint8Array(5_000)]), { name: `${index}.bin` })
      await Promise.all(Array.from({ length: count }, (_, index) => add(index)))
    }, FILES)
    await page.waitForFunction(
      (count) => document.querySelectorAll('[data-state=stored][data-testid=file]').length >= count,
      { timeout: 120_000 },
      FILES,
    )
    console.log(`server started after ${Math.round(started)} ms; the page is open ${Math.round(opened)} ms after that`)
    console.log(`memory, page without files: server ${emptyServer} MB, browser ${emptyBrowser} MB`)
    const [fullServer, fullBrowser] = [await memoryOf(server.pid), await memoryOf(browser.process().pid)]
    console.log(`memory, ${FILES} files added and stored: server ${fullServer} MB, browser ${fullBrowser} MB`)
  } finally {
    await browser.close()
    process.kill(-server.pid, 'SIGTERM')
    await once(server, 'exit')
    for (const folder of [dataFolder, profile]) await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** Builds the gallery for production. */
const bytes = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-report-build-'))
  try {
    const build = spawn(node24, ['--conditions=@rockpool/source', 'scripts/gallery.mjs', 'build', folder], {
      cwd: root,
      stdio: 'inherit',
    })
    const [code] = await once(build, 'exit')
    if (code !== 0) throw new Error(`The build ended with ${code}.`)
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const rows = []
    for (const entry of entries) {
      if (!entry.isFile() || !/\.(?:js|css|wasm|html)$/.test(entry.name)) continue
      const path = join(entry.parentPath, entry.name)
      const content = await readFile(path)
      rows.push({ file: relative(folder, path), raw: content.length, gzip: gzipSync(content, { level: 9 }).length })
    }
    rows.sort((a, b) => b.gzip - a.gzip)
    const total = rows.reduce((sum, { gzip }) => sum + gzip, 0)
    for (const { file, raw, gzip } of rows) {
      console.log(`${file}: ${(raw / 1_000).toFixed(1)} kB, ${(gzip / 1_000).toFixed(1)} kB gzipped`)
    }
    console.log(`all: ${(total / 1_000).toFixed(1)} kB gzipped`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const cache = [join(gallery, 'node_modules/.vite'), join(root, 'node_modules/.vite')]
console.log(root)
if (cache.some(existsSync)) for (const folder of cache) await rm(folder, { recursive: true, force: true })
console.log('first start, no dependency is optimized yet:')
await firstPage()
console.log('second start:')
await firstPage()
console.log('production build:')
await bytes()
