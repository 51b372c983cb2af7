/** The worker as one file for workerd, bundled when something of it has changed, else taken from a cache. */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleForWorkers } from './bundle-for-workers.ts'

/** Works from the sources of this workspace (`.ts`) and from the built package (`.js`). */
const here = fileURLToPath(import.meta.url)
const extension = path.extname(here)
const entry = path.join(path.dirname(here), `worker${extension}`)

const cacheFolder = () => path.resolve('node_modules/.cache/rockpool')

/** A file that went into the bundle, as it was then. */
type Input = readonly [file: string, modifiedMs: number, size: number]

/** @returns the path of the bundled worker */
export const bundledWorker = async (): Promise<string> => {
  const bundle = path.join(cacheFolder(), `sync-backend${extension === '.ts' ? '-source' : ''}.js`)
  if (!(await isFresh(`${bundle}.inputs`))) await build(bundle)
  return bundle
}

/** Some 500 files are compared by date and size: 10 ms, where bundling takes over half a second. */
const isFresh = async (list: string): Promise<boolean> => {
  try {
    const inputs: readonly Input[] = JSON.parse(await readFile(list, 'utf8'))
    const now = await describe(inputs.map(([file]) => file))
    return inputs.length > 0 && JSON.stringify(now) === JSON.stringify(inputs)
  } catch {
    return false // never bundled, or an input is gone
  }
}

const describe = (files: readonly string[]): Promise<Input[]> =>
  Promise.all(
    files.map(async (file): Promise<Input> => {
      const { mtimeMs, size } = await stat(file)
      return [file, mtimeMs, size]
    }),
  )

const build = async (bundle: string): Promise<void> => {
  const { code, files } = await bundleForWorkers(entry)
  await mkdir(cacheFolder(), { recursive: true })
  // Another process may do the same: moved into place, and the list after the bundle that it speaks of.
  await replace(bundle, code)
  await replace(`${bundle}.inputs`, JSON.stringify(await describe(files)))
}

const replace = async (file: string, text: string): Promise<void> => {
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, text)
  await rename(temporary, file)
}
