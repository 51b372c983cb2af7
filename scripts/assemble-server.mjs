/**
 * Puts together what the server needs to run, and nothing else: the app's layer of its image (packages/server/Dockerfile).
 *
 *     node scripts/assemble-server.mjs <empty folder>
 *
 * The packages have to be built. The folder gets production dependencies, without types and source maps.
 */
import { cp, glob, mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { captured, root } from './processes.mjs'

const SERVER = '@rockpool/server'
/** For editors and debuggers. A quarter of the size. */
const FOR_DEVELOPERS = /(?:\.d\.[cm]?ts|\.map|\.tsbuildinfo)$/

/** @returns manifests of the workspace by name, each with its `folder` */
const workspace = async () => {
  const found = new Map()
  const { workspaces } = await readManifest('.')
  for await (const file of glob(
    workspaces.map((each) => `${each}/package.json`),
    { cwd: root },
  )) {
    const folder = dirname(file)
    const manifest = await readManifest(folder)
    found.set(manifest.name, { ...manifest, folder })
  }
  return found
}

const writeManifest = (folder, manifest) =>
  writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)

const readManifest = async (folder) => JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'))

/** The packages of the workspace that `name` needs, itself included. */
const needsOf = (name, packages, found = new Set()) => {
  const manifest = packages.get(name)
  if (!manifest || found.has(manifest)) return found
  found.add(manifest)
  for (const dependency of Object.keys(manifest.dependencies ?? {})) needsOf(dependency, packages, found)
  return found
}

const assemble = async (target) => {
  await mkdir(target, { recursive: true })
  if ((await readdir(target)).length > 0) throw new Error(`${target} is not empty. Name a folder that is.`)
  const packages = await workspace()
  const needed = needsOf(SERVER, packages)
  for (const name of ['package-lock.json', 'LICENSE']) await cp(join(root, name), join(target, name))
  const { devDependencies: _, ...own } = await readManifest('.')
  await writeManifest(target, { ...own, workspaces: [...needed].map(({ folder }) => folder) })
  for (const { folder, devDependencies: _, ...manifest } of needed) {
    await mkdir(join(target, folder), { recursive: true })
    await writeManifest(join(target, folder), manifest)
    await cp(join(root, folder, 'dist'), join(target, folder, 'dist'), { recursive: true })
  }
  // Not `npm ci --workspace`: it installs what any package of the workspace needs (npm 11). The lockfile decides the versions.
  const args = ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  const { code, output } = await captured('npm', args, { cwd: target })
  if (code !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${output.trim()}`)
  await prune(target)
}

/** Removes files for developers, and the folders that are empty then. */
const prune = async (folder) => {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await prune(path)
    else if (FOR_DEVELOPERS.test(entry.name)) await rm(path)
  }
  if ((await readdir(folder)).length === 0) await rmdir(folder)
}

const [target] = process.argv.slice(2)
if (target === undefined) {
  console.error('Name an empty folder: node scripts/assemble-server.mjs <folder>')
  process.exit(2)
}
await assemble(resolve(target))
