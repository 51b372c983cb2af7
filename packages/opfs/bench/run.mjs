/**
 * `node packages/opfs/bench/run.mjs adds [chrome|firefox]`: 300 files of 100 kB added at once against a bare loop that hashes
 * and writes the same bytes in a worker.
 *
 * `node packages/opfs/bench/run.mjs [MiB] [chrome|firefox]`: speed of the blob store against the raw sync access handle, on a
 * real profile on disk, and the highest memory of the browser's processes while it runs.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import puppeteer from 'puppeteer-core'
import { createServer } from 'vite'

const [what = '256', browserName = 'chrome'] = process.argv.slice(2)
const adds = what === 'adds'
const ROUNDS = Number(process.env.ROUNDS ?? 5)
const firefox = browserName === 'firefox'
const profile = mkdtempSync(join(tmpdir(), 'opfs-bench-'))
const server = await createServer({
  root: import.meta.dirname,
  configFile: false,
  logLevel: 'error',
  resolve: { conditions: ['@rockpool/source', 'module', 'browser', 'development|production'] },
  server: { port: 0, host: '127.0.0.1', fs: { strict: false }, hmr: false, watch: null },
})
await server.listen()
const browser = await puppeteer.launch({
  browser: browserName,
  executablePath: firefox
    ? (process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr')
    : (process.env.CHROME_PATH ?? '/usr/bin/chromium'),
  userDataDir: profile,
  args: firefox ? [] : ['--no-sandbox', '--disable-gpu'],
  protocolTimeout: 600_000,
})

/** RSS of the browser and all below it, MiB. */
const memory = () => {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,rss=']).toString().trim().split('\n')
  const processes = rows.map((row) => row.trim().split(/\s+/).map(Number))
  const family = new Set([browser.process().pid])
  let total = 0
  for (const [pid, parent, rss] of processes) {
    if (!family.has(pid) && !family.has(parent)) continue
    family.add(pid)
    total += rss
  }
  return Math.round(total / 1024)
}

try {
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${server.httpServer.address().port}/`)
  await page.waitForFunction('window.bench && window.benchAdds')
  const idle = memory()
  let peak = idle
  const watch = setInterval(() => (peak = Math.max(peak, memory())), 100)
  const rounds = []
  const work = adds ? 'benchAdds(300, 100_000)' : `bench(${what} * 1024 * 1024)`
  for (let round = 0; round < ROUNDS; round++) rounds.push(await page.evaluate(work))
  clearInterval(watch)
  const title = adds ? '300 files of 100 kB, ms' : `${what} MiB, MB/s unless it says ms`
  console.log(await browser.version(), `${title}; median of ${ROUNDS} rounds`)
  const median = (name) => rounds.map((round) => round[name]).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]
  for (const name of Object.keys(rounds[0])) {
    console.log(`${name.padEnd(42)} ${Math.round(median(name) * 10) / 10}`)
  }
  if (adds) {
    const ratio = median('pool, at once') / median('bare loop in a worker')
    console.log(`${'pool, at once, against the bare loop'.padEnd(42)} ${ratio.toFixed(2)}`)
  }
  console.log(`memory of all processes: idle ${idle} MiB, peak ${peak} MiB`)
} finally {
  await browser.close()
  await server.close()
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
}
