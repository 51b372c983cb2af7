import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'

/** Workspace packages are read from source. */
const resolve = { conditions: ['@rockpool/source', 'module', 'browser', 'development|production'] }
const ssr = { resolve: { conditions: ['@rockpool/source', 'node', 'module', 'development|production'] } }

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { conditions: ['@rockpool/source', 'node', 'module', 'development|production'] },
        ssr,
        test: {
          name: 'node',
          include: ['{packages/*,signer}/src/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', '**/node_modules/**'],
        },
      },
      {
        resolve,
        test: {
          name: 'browser',
          include: ['packages/*/src/**/*.browser.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium',
                args: [
                  '--no-sandbox',
                  '--disable-gpu',
                  '--disable-quic',
                  '--no-first-run',
                  '--disable-background-networking',
                  '--disable-component-update',
                  '--disable-sync',
                ],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
