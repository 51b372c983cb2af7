/** Builds an app for production, as a process of its own: `build-old-app.mjs <root> <folder>`. */
import { build } from 'vite'

const [root, outDir] = process.argv.slice(2)
await build({
  root,
  configFile: false,
  logLevel: 'warn',
  worker: { format: 'es' },
  build: { outDir, emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 2_000 },
})
