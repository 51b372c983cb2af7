/** `rockpool-server copy` */
import { isObjectStoreError, type ObjectStore } from '@rockpool/object-store'
import {
  type CopyProgress,
  copyStore,
  openLocation,
  progressLine,
  readLocation,
  summary,
} from '@rockpool/object-store/copy'
import { every2s } from '../tasks/task.ts'
import { type Command, UsageError } from './command.ts'

export const copy: Command = {
  name: 'copy',
  usage: '--from <store> --to <store>',
  summary: 'Copies all bytes from one object store to another, verified by their hash',
  details: `
  <store>  local:<folder>, the folder "store" in a data folder, or s3:<bucket>

Copies what the target lacks or has otherwise. Stop it at any moment and run it again: it resumes part by part.
Nothing is deleted. S3 is reached by ARTIFACT_ENDPOINT, ARTIFACT_REGION, ARTIFACT_ACCESS_KEY, ARTIFACT_SECRET_KEY and
ARTIFACT_FORCE_PATH_STYLE; with FROM_ or TO_ in front they count for that side only. Stop the server of a folder first.
`,
  options: { from: { type: 'string' }, to: { type: 'string' } },
  run: async ({ flags, env, signal, output, json }) => {
    const [fromText, toText] = [flags.text('from'), flags.text('to')]
    if (!fromText || !toText) throw new UsageError('Write: rockpool-server copy --from <store> --to <store>')
    const from = readLocation(fromText, 'from', env)
    const to = readLocation(toText, 'to', env)
    const stores: ObjectStore[] = []
    try {
      stores.push(await openLocation(from, 'from'))
      stores.push(await openLocation(to, 'to'))
      const began = Date.now()
      const report = every2s(output.progress)
      const onProgress = (copied: CopyProgress) => {
        if (!json) report(() => progressLine(copied))
      }
      const result = await copyStore(stores[0]!, stores[1]!, { signal, onProgress })
      if (!json) output.progress(progressLine(result))
      output.result({ ok: result.failed.length === 0, ...result }, `${summary(result, Date.now() - began)}\n`)
      return result.failed.length === 0 ? 0 : 1
    } catch (error) {
      if (!signal.aborted && !isObjectStoreError(error, 'aborted')) throw error
      throw new Error('Stopped. Run the same command again to resume.', { cause: error })
    } finally {
      await Promise.all(stores.map((store) => store.close()))
    }
  },
}
