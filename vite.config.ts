import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { CHROMIUM_FLAGS } from './test/chromium-flags.ts'

/** Workspace packages are read from source. */
const source = '@rockpool/source'
const onNode = {
  resolve: { conditions: [source, 'node', 'development|production'] },
  ssr: { resolve: { conditions: [source, 'node', 'development|production'] } },
} satisfies TestProjectInlineConfiguration
const inBrowser = {
  resolve: { conditions: [source, 'module', 'browser', 'development|production'] },
} satisfies TestProjectInlineConfiguration

/** Puts our sync processors in place before a test loads LiveStore. */
const LIVESTORE = 'packages/livestore-plugin/src/register.ts'
const FAST_CHECK = 'test/fast-check.ts'
const env = { FAST_CHECK_SEED: process.env.FAST_CHECK_SEED ?? '1' }

const S3_TESTS = '{packages/*,signer,test,examples/*}/**/*.s3.test.ts'
const POSTGRES_TESTS = '{packages/*,test}/**/*.postgres.test.ts'
const BROWSER_TESTS = 'packages/*/src/**/*.browser.test.ts'

/** No test measures time: a state that is polled may take long on a busy machine (1 s unless told). */
const expect = { poll: { timeout: 50_000 } }
/** One that opens a store or starts a process took over 60 s at load 20, and a folder over 10 s to delete. */
const onBusyMachine = { testTimeout: 180_000, hookTimeout: 180_000 }

/**
 * Vitest leaves one of two cores free, and most files wait for a server, a disk or a browser. All projects on Node are one group: a core
 * would be idle at the end of each.
 */
const maxWorkers = 2

export default defineConfig({
  test: {
    projects: [
      {
        ...onNode,
        test: {
          name: 'node',
          expect,
          include: ['{packages/*,signer,examples/*}/src/**/*.test.{ts,tsx}', 'test/simulation/*.test.ts'],
          exclude: [BROWSER_TESTS, S3_TESTS, POSTGRES_TESTS],
          setupFiles: [LIVESTORE, FAST_CHECK],
          env,
          ...onBusyMachine,
          maxWorkers,
        },
      },
      {
        ...inBrowser,
        test: {
          name: 'browser',
          expect,
          include: [BROWSER_TESTS],
          sequence: { groupOrder: 1 },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium',
                args: CHROMIUM_FLAGS,
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        ...onNode,
        test: {
          name: 'conformance',
          expect,
          include: [S3_TESTS, 'test/adoption/*.test.ts'],
          exclude: ['**/node_modules/**'],
          setupFiles: FAST_CHECK,
          env,
          globalSetup: 'test/s3/global-setup.ts',
          ...onBusyMachine,
          maxWorkers,
        },
      },
      {
        ...onNode,
        test: {
          name: 'postgres',
          expect,
          include: [POSTGRES_TESTS],
          exclude: ['**/node_modules/**'],
          globalSetup: 'test/postgres/global-setup.ts',
          ...onBusyMachine,
          maxWorkers,
        },
      },
      {
        ...onNode,
        test: {
          name: 'e2e',
          expect,
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/e2e/global-setup.ts',
          maxWorkers,
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
      {
        ...onNode,
        test: {
          name: 'faults',
          expect,
          include: ['test/faults/**/*.test.ts'],
          globalSetup: ['test/s3/global-setup.ts', 'test/faults/global-setup.ts'],
          maxWorkers,
          hookTimeout: 180_000,
        },
      },
      {
        ...onNode,
        test: {
          name: 'bench',
          include: ['test/{bench,faults}/**/*.bench.ts'],
          setupFiles: LIVESTORE,
          globalSetup: 'test/e2e/global-setup.ts',
          fileParallelism: false,
          testTimeout: 600_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
