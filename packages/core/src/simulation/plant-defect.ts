/**
 * Plants a defect of `defects.ts` into the engine before it is loaded:
 *
 *     ROCKPOOL_DEFECT="<name>" node --conditions=@rockpool/source --import ./packages/core/src/simulation/plant-defect.ts …/run.ts
 */
import { registerHooks } from 'node:module'
import { DEFECTS } from './defects.ts'

const name = process.env.ROCKPOOL_DEFECT ?? ''
const defect = DEFECTS[name]
if (defect === undefined) throw new Error(`ROCKPOOL_DEFECT is one of:\n  ${Object.keys(DEFECTS).join('\n  ')}`)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(`/core/src/${defect.file}`)) return loaded
    const source = String(loaded.source)
    if (source.split(defect.from).length !== 2) {
      throw new Error(
        `${defect.file} does not have this once, so the defect "${name}" cannot be planted: ${defect.from}`,
      )
    }
    return { ...loaded, source: source.replace(defect.from, () => defect.to) }
  },
})
