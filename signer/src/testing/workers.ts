/** For tests: the Worker of `deploy/` in Miniflare, configured by its `wrangler.jsonc`. */
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Miniflare } from 'miniflare'
import { bundleWorker } from '../../deploy/bundle.ts'

interface WranglerConfig {
  readonly compatibility_date: string
  readonly compatibility_flags: string[]
  readonly durable_objects: { readonly bindings: { readonly name: string; readonly class_name: string }[] }
  readonly migrations: { readonly new_sqlite_classes: string[] }[]
  readonly vars: Readonly<Record<string, unknown>>
}

export const wranglerConfig = async (): Promise<WranglerConfig> => {
  const text = await readFile(new URL('../../deploy/wrangler.jsonc', import.meta.url), 'utf8')
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, '').replace(/,(?=\s*[}\]])/g, ''))
}

export interface TestWorker {
  readonly url: string
  /** what it wrote so far, to both outputs */
  readonly log: () => string
  stop(): Promise<void>
}

let bundled: Promise<string> | undefined

/** @param bindings over the `vars` of the configuration; undefined: not set */
export const startWorker = async (bindings: Readonly<Record<string, unknown>>): Promise<TestWorker> => {
  const config = await wranglerConfig()
  const sqlite = new Set(config.migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes))
  let log = ''
  const listen = (output: Readable) => void output.on('data', (text) => (log += text))
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    modules: true,
    script: await (bundled ??= bundleWorker()),
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    durableObjects: Object.fromEntries(
      config.durable_objects.bindings.map(({ name, class_name: className }) => [
        name,
        { className, useSQLite: sqlite.has(className) },
      ]),
    ),
    bindings: JSON.parse(JSON.stringify({ ...config.vars, ...bindings })),
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      listen(stdout)
      listen(stderr)
    },
    cf: false,
    telemetry: { enabled: false },
  })
  const { origin } = await miniflare.ready
  return { url: origin, log: () => log, stop: () => miniflare.dispose() }
}
