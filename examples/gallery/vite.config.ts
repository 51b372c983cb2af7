import { rockpool } from '@rockpool/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react(), rockpool({ backend: true })],
  build: { target: 'es2023', chunkSizeWarningLimit: 2_000 },
})
