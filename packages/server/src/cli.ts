#!/usr/bin/env node
/** Checks Node's version before anything is loaded that an older one does not have. */
import { readFileSync } from 'node:fs'
// A named import of what an older Node lacks would fail before the check.
import * as modules from 'node:module'
import process from 'node:process'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly engines: { readonly node: string }
}
const oldest = manifest.engines.node.replace('>=', '')
const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

// Node 22 says on standard error that node:sqlite is experimental. The log of a server is not the place for it.
const { emitWarning } = process
process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
  if (!String(warning).startsWith('SQLite is an experimental')) Reflect.apply(emitWarning, process, [warning, ...rest])
}

if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) {
  // A start takes half as long with compiled code.
  modules.enableCompileCache()
  await import('./main.ts')
} else {
  process.stderr.write(`rockpool-server: Node ${process.versions.node} is too old. Install Node ${oldest} or newer.\n`)
  process.exitCode = 1
}
