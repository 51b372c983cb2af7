/**
 * The test run: what tests need beside npm packages, the checks, every Vitest project. Its last line is the sum of all.
 * With arguments (filters and flags of Vitest) the checks are left out.
 *
 * With CI=true a missing piece is a failure; elsewhere one line says what is missing, and its tests are skipped.
 */
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCeph } from '../test/s3/ceph.ts'
import { runChecks } from './checks.mjs'
import { ensurePrograms, isGiven } from './debian.mjs'
import { bin, node24, root } from './processes.mjs'

const filters = process.argv.slice(2)
const hasS3Tests = globSync('{packages,signer,test}/**/*.s3.test.ts', {
  cwd: root,
  exclude: (path) => path === 'node_modules',
}).length
const stages = []
const timed = async (name, work) => {
  const start = performance.now()
  const result = await work()
  stages.push(`${name} ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return result
}

// Also when the parent script dies; Ceph and the tests' servers end with the process that started them.
let vitest
const interrupted = () => {
  vitest?.kill()
  process.exit(130)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.once(signal, interrupted)

const sum = { passed: 0, failed: 0, skipped: 0 }
const add = ({ passed, failed, skipped = 0 }) => {
  sum.passed += passed
  sum.failed += failed
  sum.skipped += skipped
}

const runVitest = async (missing, s3) => {
  const folder = mkdtempSync(join(tmpdir(), 'rockpool-test-'))
  const report = join(folder, 'report.json')
  const excluded = ['bench']
  if (missing.includes('chromium')) excluded.push('browser')
  if (['s3', 'ffmpeg', 's3-clients'].some((name) => missing.includes(name))) excluded.push('conformance')
  if (missing.includes('postgres')) excluded.push('postgres')
  if (missing.includes('s3') || missing.includes('chromium')) excluded.push('faults')
  const args = [
    ...[bin('vitest/vitest.mjs'), 'run', ...filters],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...excluded.map((project) => `--project=!${project}`),
  ]
  try {
    // Each file and each process of a test loads the same modules again: 15 % of the time of those of the engine.
    const env = { NODE_COMPILE_CACHE: join(folder, 'compiled'), ...process.env, ...s3?.env }
    vitest = spawn(node24, args, { cwd: root, env, stdio: 'inherit' })
    const code = await new Promise((settle) => vitest.on('exit', (code) => settle(code ?? 1)))
    return countsOf(report, code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A run that failed without a failed test (a file that does not load, an unhandled error) counts as one failure. */
const countsOf = (report, code) => {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'))
    const failed = Math.max(numFailedTests, code === 0 ? 0 : 1)
    return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

const needs = [
  'chromium',
  'firefox',
  'webkit',
  'postgres',
  'compose',
  'caddy',
  'systemd',
  ...(hasS3Tests ? ['s3', 'ffmpeg', 's3-clients'] : []),
]
const missing = await timed('programs', () => ensurePrograms(needs))
for (const { message } of missing) console.log(message)
const names = missing.map(({ name }) => name)

if (process.env.CI && missing.length > 0) {
  add({ passed: 0, failed: missing.length })
} else {
  // Filtered runs start it only when Vitest comes to a test that needs it: test/s3/global-setup.ts.
  let ceph
  if (filters.length === 0 && hasS3Tests && !names.includes('s3') && !isGiven('s3')) ceph = startCeph()
  // Awaited below, after the checks; without this a quick failure would end the process before.
  ceph?.catch(() => {})
  try {
    if (filters.length === 0) add(await timed('checks', runChecks))
    const s3 = await timed('waiting for S3', () => ceph)
    add(await timed('Vitest', () => runVitest(names, s3)))
  } catch (error) {
    console.error(error)
    add({ passed: 0, failed: 1 })
  } finally {
    await (await ceph?.catch(() => undefined))?.stop()
  }
}

console.log(`\nTimes: ${stages.join(', ')}`)
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`)
process.exit(sum.failed > 0 ? 1 : 0)
