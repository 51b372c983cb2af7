import { rockpool } from '@rockpool/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [rockpool({ backend: true })],
  build: { target: 'es2023' },
})
