/// <reference types="vitest/config" />
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const server = { target: 'http://127.0.0.1:8080', changeOrigin: false }

export default defineConfig({
  plugins: [vue()],
  build: {
    outDir: '../console/web/dist',
    emptyOutDir: true,
    target: 'es2022',
    // No data: addresses and no inline scripts, so the page lives under a strict content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': server, '/healthz': server, '/readyz': server, '/metrics': server },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
