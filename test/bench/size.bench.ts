/** What Rockpool adds to an app that has LiveStore and Effect already, minified and gzipped. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, defaultClientConditions, type Rolldown } from 'vite'
import { inject, test } from 'vitest'

const kilobytes = (code: string | Uint8Array) => `${(gzipSync(code, { level: 9 }).length / 1000).toFixed(1)} kB`

test('the page', async () => {
  const [bundle] = (await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@rockpool/source', ...defaultClientConditions] },
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2023',
      lib: { entry: join(import.meta.dirname, '../../packages/rockpool/src/index.ts'), formats: ['es'] },
      minify: true,
      rolldownOptions: { external: [/^effect($|\/)/, /^@livestore\//] },
    },
  })) as Rolldown.RolldownOutput[]
  for (const file of bundle!.output) {
    console.log(`page: ${file.fileName} ${kilobytes(file.type === 'chunk' ? file.code : file.source)} gzipped`)
  }
})

test('the service worker', async () => {
  const gallery = inject('gallery')
  if ('error' in gallery) throw new Error(gallery.error)
  const worker = await readFile(join(gallery.folder, 'service-worker.js'))
  console.log(`service worker: ${kilobytes(worker)} gzipped, Workbox's precaching and routing included`)
})
