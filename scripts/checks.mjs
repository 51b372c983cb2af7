/** The checks that are not Vitest tests, in the order of a failure's likely cause. Each counts as one test. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bin, captured, node24, root } from './processes.mjs'

/**
 * Runs all checks and prints one line for each, and the output of those that fail.
 *
 * @returns how many passed and failed
 */
export const runChecks = async () => {
  const statics = await Promise.all([
    check('types', node24, [bin('typescript/bin/tsc'), '--noEmit']),
    check('lint', node24, [bin('oxlint/bin/oxlint'), '--deny-warnings']),
    check('format', node24, [bin('oxfmt/bin/oxfmt'), '--check']),
  ])
  const build = await check('build of the packages', node24, [bin('typescript/bin/tsc'), '-b', 'tsconfig.build.json'])
  const results = [...statics, build, ...(build ? await checkPackages() : [])]
  return { passed: results.filter(Boolean).length, failed: results.filter((ok) => !ok).length }
}

const check = async (name, command, args) => {
  const start = performance.now()
  const { code, output } = await captured(command, args)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`)
  if (code !== 0) console.log(output.trimEnd())
  return code === 0
}

/** Packs every package as npm would publish it, and lets publint and attw look at the tarballs. */
const checkPackages = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rockpool-pack-'))
  try {
    const published = publishedPackages()
    const workspaces = published.flatMap(({ name }) => ['--workspace', name])
    const packed = await check('npm pack', 'npm', ['pack', '--silent', '--pack-destination', folder, ...workspaces])
    if (!packed) return [false]
    const jobs = published.flatMap(({ name, version }) => {
      const tarball = join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
      return [
        () => check(`publint ${name}`, node24, [bin('publint/src/cli.js'), 'run', tarball, '--strict']),
        () =>
          check(`attw ${name}`, node24, [
            bin('@arethetypeswrong/cli/dist/index.js'),
            tarball,
            ...['--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-emoji'],
          ]),
      ]
    })
    return [packed, ...(await inTwos(jobs))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const publishedPackages = () => {
  const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8'))
  return references
    .map(({ path }) => join(root, path, 'package.json'))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')))
    .filter((manifest) => !manifest.private)
}

/** Runs the jobs two at a time: as many as the smallest machine has cores. */
const inTwos = async (jobs) => {
  const results = []
  const next = jobs.entries()
  const worker = async () => {
    for (const [index, job] of next) results[index] = await job()
  }
  await Promise.all([worker(), worker()])
  return results
}
