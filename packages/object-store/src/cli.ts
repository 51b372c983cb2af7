#!/usr/bin/env node
/** `rockpool-store copy --from … --to …` */
import { copyStore, type CopyProgress } from './copy/copy-store.ts'
import { openLocation, readArguments, readLocation } from './copy/location.ts'
import { progressLine, summary } from './copy/progress-line.ts'
import { isObjectStoreError } from './errors.ts'
import type { ObjectStore } from './object-store.ts'

const USAGE = `Usage: rockpool-store copy --from <store> --to <store>

  <store>  local:<folder> or s3:<bucket>

Copies every object that the target lacks or has otherwise, and verifies each by its hash. It can be stopped at any moment
and run again: it goes on part by part. Nothing is deleted. S3 is reached by ARTIFACT_ENDPOINT, ARTIFACT_REGION,
ARTIFACT_ACCESS_KEY, ARTIFACT_SECRET_KEY and ARTIFACT_FORCE_PATH_STYLE; with FROM_ or TO_ in front they count for that side
only. Stop the signer of a folder first: one process may use it at a time.
`

/** Times a second that the bar is drawn; without a terminal, a line every 10 s. */
const DRAW_MS = process.stderr.isTTY ? 100 : 10_000

const main = async (args: readonly string[]): Promise<number> => {
  let locations: ReturnType<typeof readArguments>
  try {
    locations = readArguments(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
  }
  if (!locations) {
    process.stderr.write(USAGE)
    return 2
  }
  const from = readLocation(locations.from, 'from', process.env)
  const to = readLocation(locations.to, 'to', process.env)
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort())
  const stores: ObjectStore[] = []
  try {
    stores.push(await openLocation(from, 'from'))
    stores.push(await openLocation(to, 'to'))
    const began = Date.now()
    const result = await copyStore(stores[0]!, stores[1]!, { signal: abort.signal, onProgress: drawer() })
    draw(result)
    process.stderr.write('\n')
    process.stdout.write(`${summary(result, Date.now() - began)}\n`)
    return result.failed.length === 0 ? 0 : 1
  } finally {
    await Promise.all(stores.map((store) => store.close()))
  }
}

const draw = (progress: CopyProgress): void => {
  process.stderr.write(process.stderr.isTTY ? `\r${progressLine(progress)}\u001b[K` : progressLine(progress))
}

const drawer = (): ((progress: CopyProgress) => void) => {
  let next = Date.now() + DRAW_MS
  return (progress) => {
    if (Date.now() < next) return
    next = Date.now() + DRAW_MS
    draw(progress)
    if (!process.stderr.isTTY) process.stderr.write('\n')
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const stopped = isObjectStoreError(error, 'aborted') || (error as Error).name === 'AbortError'
  process.stderr.write(`\n${stopped ? 'Stopped. Run the same command again to go on.' : (error as Error).message}\n`)
  process.exitCode = stopped ? 130 : 1
}
