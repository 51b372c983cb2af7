/** npm dependencies: installed when node_modules is not what package-lock.json says. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { captured, node24, root } from './processes.mjs'

/** Installs the dependencies if need be; ends the process with one clear message if that fails. */
export const ensureDependencies = async () => {
  if (existsSync(node24) && isInstalled()) return
  console.log('Installing dependencies (npm ci) …')
  const { code, output } = await captured('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  if (code !== 0) {
    console.error(`npm ci failed:\n${output.trim()}`)
    process.exit(1)
  }
}

/** Whether npm's own note of what it installed holds every package of the lockfile, in the same version. */
const isInstalled = () => {
  const wanted = lockedPackages('package-lock.json')
  const present = lockedPackages('node_modules/.package-lock.json')
  if (!wanted || !present) return false
  return Object.entries(wanted).every(([path, locked]) => {
    // '' is the workspace itself; paths outside node_modules are its packages, whose links come with their own entry.
    if (!path.startsWith('node_modules/')) return true
    const installed = present[path]
    if (!installed) return locked.optional === true
    return installed.version === locked.version && installed.integrity === locked.integrity
  })
}

const lockedPackages = (file) => {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}
