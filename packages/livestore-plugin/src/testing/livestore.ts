/** LiveStore as it is installed here. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const nodeModules = join(dirname(require.resolve('@livestore/common/schema')), '../../../..')

/** @param file `@livestore/common/dist/…` */
export const installedText = (file: string): Promise<string> => readFile(join(nodeModules, file), 'utf8')
