import { rockpool } from '@rockpool/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { buckets } from './src/boot/buckets.ts'

export default defineConfig({
  plugins: [react(), rockpool({ backend: { buckets } })],
  build: { target: 'es2023', chunkSizeWarningLimit: 2_000 },
})
