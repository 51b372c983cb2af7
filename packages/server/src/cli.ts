#!/usr/bin/env node
/** Checks Node's version before anything is loaded that an older one does not have. */
import process from 'node:process'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

// Node 22 says on standard error that node:sqlite is experimental. The log of a server is not the place for it.
const { emitWarning } = process
process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
  if (!String(warning).startsWith('SQLite is an experimental')) Reflect.apply(emitWarning, process, [warning, ...rest])
}

if (major > 22 || (major === 22 && minor >= 16)) await import('./main.ts')
else {
  process.stderr.write(`rockpool-server: Node ${process.versions.node} is too old. Install Node 22.16 or newer.\n`)
  process.exitCode = 1
}
