/** Older versions of Node have no node:sqlite. The plugin loads on them nevertheless, so that it can say which version to install. */
import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly engines: { readonly node: string }
}
const OLDEST = manifest.engines.node.replace('>=', '')
const [OLDEST_MAJOR = 0, OLDEST_MINOR = 0] = OLDEST.split('.').map(Number)

export const isTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < OLDEST_MAJOR || (major === OLDEST_MAJOR && minor < OLDEST_MINOR)
}

/** Checked in a hook: of an error that is thrown while the configuration is loaded, Vite prints more than the message. */
export const nodeVersion = (): Plugin => ({
  name: 'rockpool:node-version',
  enforce: 'pre',
  config() {
    const { node } = process.versions
    if (!isTooOld(node)) return
    const error = new Error(`@rockpool/vite: Node ${node} is too old. Install Node ${OLDEST} or newer.`)
    // One line for the person who starts Vite: a stack of this code does not help them.
    error.stack = `Error: ${error.message}`
    throw error
  },
})
