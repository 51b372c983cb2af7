/** The Worker as one file: what the tests run in Miniflare is what `wrangler` deploys. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { rolldown } from 'rolldown'

/** The SDK's browser build parses XML with DOMParser, which Workers lack (aws-sdk-js-v3 #7375); its Node build does not. */
const ALIAS = { '@aws-sdk/xml-builder': '@aws-sdk/xml-builder/dist-cjs/index.js' }

/** From sources where packages have them, as all of Rockpool's do. @returns the code of the module, for `nodejs_compat` */
export const bundleWorker = async (): Promise<string> => {
  const conditionNames = ['@rockpool/source', 'workerd', 'worker', 'browser', 'import', 'default']
  const bundler = await rolldown({
    input: path.join(import.meta.dirname, 'worker.ts'),
    platform: 'browser',
    external: [/^cloudflare:/, /^node:/],
    resolve: { alias: ALIAS, conditionNames },
    logLevel: 'silent',
  })
  const { output } = await bundler.generate({ format: 'esm', codeSplitting: false })
  await bundler.close()
  return output[0].code
}

if (import.meta.main) {
  const folder = path.join(import.meta.dirname, 'dist')
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'worker.js'), await bundleWorker())
}
