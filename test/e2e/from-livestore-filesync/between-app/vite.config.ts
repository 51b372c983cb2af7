/** The old app with its files as they were, on LiveStore 0.4.0 and Rockpool's sync. OLD_PACKAGES: where livestore-filesync is installed. */
import { join } from 'node:path'
import { rockpool } from '@rockpool/vite'
import { defineConfig } from 'vite'

const filesync = (name: string) => join(process.env.OLD_PACKAGES!, '@livestore-filesync', name)

export default defineConfig({
  plugins: [rockpool()],
  resolve: {
    alias: [
      { find: /^\.\/livestore\.worker\.js/, replacement: join(import.meta.dirname, 'livestore.worker.ts') },
      { find: /^@livestore-filesync\/core\/schema$/, replacement: filesync('core/dist/schema/index.js') },
      { find: /^@livestore-filesync\/core$/, replacement: filesync('core/dist/index.js') },
      { find: /^@livestore-filesync\/opfs$/, replacement: filesync('opfs/dist/index.js') },
    ],
    dedupe: ['effect', '@effect/platform', '@livestore/livestore'],
  },
  build: { target: 'es2023', chunkSizeWarningLimit: 2_000 },
})
