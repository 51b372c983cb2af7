/** Builds this app for production: `build.mjs <folder>`. */
import { build } from 'vite'

await build({
  root: import.meta.dirname,
  configFile: false,
  logLevel: 'warn',
  worker: { format: 'es' },
  build: { outDir: process.argv[2], emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 2_000 },
})
