/** Builds this app for production: `node --conditions=@rockpool/source build.mjs <folder>`. */
import { rockpool } from '@rockpool/vite'
import { build, defaultClientConditions } from 'vite'

await build({
  root: import.meta.dirname,
  configFile: false,
  logLevel: 'warn',
  plugins: [rockpool()],
  resolve: { conditions: ['@rockpool/source', ...defaultClientConditions] },
  build: { outDir: process.argv[2], emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 2_000 },
})
