/**
 * The commands of the pipeline:
 *
 *     run <file> [request id]     stores a video as a new request, and runs all stages
 *     resume <request id>         runs what is left
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
import { addRequest, runRequest } from './orchestrator.ts'
import { serveStage } from './serve-stage.ts'
import type { Stage } from './stage.ts'
import { contactSheet } from './stages/contact-sheet.ts'
import { frames } from './stages/frames.ts'
import { probe } from './stages/probe.ts'
import { work } from './work.ts'

const USAGE =
  'Write: run <file> [request id] | resume <request id> | stage <probe|frames|contact-sheet> <http [port]|worker>'

const stages: readonly Stage[] = [probe, frames, contactSheet]
const emit = (event: object): void => console.log(JSON.stringify(event))

const main = async ([command, first, second, third]: readonly string[]): Promise<void> => {
  if (command === undefined || first === undefined) throw new UsageError(USAGE)
  const artifacts = createArtifacts(readEnvironment(process.env))
  if (command === 'stage') {
    const stage = stages.find(({ name }) => name === first)
    if (stage && second === 'worker') return work(artifacts, stage, process.stdin, (line) => process.stdout.write(line))
    if (!stage || second !== 'http') throw new UsageError(USAGE)
    // It ends with the process that started it.
    process.stdin.on('end', () => process.exit(0)).resume()
    return console.log(await serveStage(artifacts, stage, Number(third ?? 0)))
  }
  if (command !== 'run' && command !== 'resume') throw new UsageError(USAGE)
  const requestId = command === 'resume' ? first : (second ?? crypto.randomUUID())
  if (command === 'run') await addRequest(artifacts, requestId, first)
  emit({ event: 'request', request_id: requestId })
  // What stages that die leave behind goes with it.
  const folder = await mkdtemp(join(tmpdir(), 'claim-check-'))
  try {
    const uri = await runRequest({ artifacts, emit, env: { ...process.env, TMPDIR: folder } }, requestId)
    emit({ event: 'result', output_uri: uri })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = exitCodeOf(error)
})
