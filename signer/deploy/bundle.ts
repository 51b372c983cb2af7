/** The Worker as one file: what the tests run in Miniflare is what `wrangler` deploys. */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bundleForWorkers } from '@rockpool/livestore/bundle-for-workers'

/** The SDK's browser build parses XML with DOMParser, which Workers lack (aws-sdk-js-v3 #7375); its Node build does not. */
const ALIAS = { '@aws-sdk/xml-builder': '@aws-sdk/xml-builder/dist-cjs/index.js' }

/** @returns the code of the module */
export const bundleWorker = async (): Promise<string> => {
  const { code } = await bundleForWorkers(path.join(import.meta.dirname, 'worker.ts'), ALIAS)
  return code
}

if (import.meta.main) {
  const folder = path.join(import.meta.dirname, 'dist')
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'worker.js'), await bundleWorker())
}
