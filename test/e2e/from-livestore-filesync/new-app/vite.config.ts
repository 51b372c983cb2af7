import { rockpool } from '@rockpool/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [rockpool()],
  build: { target: 'es2023', chunkSizeWarningLimit: 2_000 },
})
