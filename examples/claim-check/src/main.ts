/**
 * The commands of the pipeline:
 *
 *     run <file> [request id]     stores a video as a new request, and runs all stages
 *     resume <request id>         runs what is left
 *     feed <once|watch>           makes sheets of the videos in a gallery: those there are, or those people add, too
 *     stage <name> http [port]    one stage as an HTTP function
 *     stage <name> worker         one stage as a worker loop over standard input
 *
 * Prints one JSON object per line. Exit codes: errors.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createArtifacts, readEnvironment } from '@rockpool/artifacts'
import { exitCodeOf, UsageError } from './errors.ts'
import { type Feed, feedOnce, watch } from './gallery/feed.ts'
import { openGallery } from './gallery/gallery.ts'
import { addRequest, inputOfFile, type Orchestrator, runRequest } from './orchestrator.ts'
import { requestEnvironment } from './request-environment.ts'
import { serveStage } from './serve-stage.ts'
import type { Stage } from './stage.ts'
import { contactSheet } from './stages/contact-sheet.ts'
import { frames } from './stages/frames.ts'
import { probe } from './stages/probe.ts'
import { work } from './work.ts'

const USAGE =
  'Write: run <file> [request id] | resume <request id> | feed <once|watch> | stage <probe|frames|contact-sheet> <http [port]|worker>'

const stages: readonly Stage[] = [probe, frames, contactSheet]
const emit = (event: object): void => console.log(JSON.stringify(event))

const main = async ([command, first, second, third]: readonly string[]): Promise<void> => {
  if (command === undefined || first === undefined) throw new UsageError(USAGE)
  if (command === 'stage') {
    const artifacts = createArtifacts(readEnvironment(process.env))
    const stage = stages.find(({ name }) => name === first)
    if (stage && second === 'worker') return work(artifacts, stage, process.stdin, (line) => process.stdout.write(line))
    if (!stage || second !== 'http') throw new UsageError(USAGE)
    // It ends with the process that started it.
    process.stdin.on('end', () => process.exit(0)).resume()
    return console.log(await serveStage(artifacts, stage, Number(third ?? 0)))
  }
  if (command !== 'run' && command !== 'resume' && command !== 'feed') throw new UsageError(USAGE)
  // What stages that die leave behind goes with it.
  const folder = await mkdtemp(join(tmpdir(), 'claim-check-'))
  try {
    const orchestratorOf = async (requestId: string): Promise<Orchestrator> => {
      const env = { ...(await requestEnvironment(process.env, requestId)), TMPDIR: folder }
      return { artifacts: createArtifacts(readEnvironment(env)), emit, env }
    }
    if (command === 'feed') return await feed(orchestratorOf, first)
    const requestId = command === 'resume' ? first : (second ?? crypto.randomUUID())
    const orchestrator = await orchestratorOf(requestId)
    if (command === 'run') await addRequest(orchestrator.artifacts, requestId, await inputOfFile(first))
    emit({ event: 'request', request_id: requestId })
    emit({ event: 'result', output_uri: await runRequest(orchestrator, requestId) })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const feed = async (orchestratorOf: Feed['orchestratorOf'], mode: string): Promise<void> => {
  if (mode !== 'once' && mode !== 'watch') throw new UsageError(USAGE)
  const feed: Feed = { gallery: openGallery(process.env), orchestratorOf, unreadable: new Set() }
  await (mode === 'once' ? feedOnce(feed) : watch(feed))
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = exitCodeOf(error)
})
