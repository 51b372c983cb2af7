/** Runs the stages of a request, one after the other, and keeps in `state.json` what is done. */
import { openAsBlob } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { extname } from 'node:path'
import { ArtifactError, type Artifacts, type ArtifactSource, isArtifactError } from '@rockpool/artifacts'
import { StageDiedError, StageError, UsageError } from './errors.ts'
import { nextStep, parseRecord, type RequestRecord, type StageName, withOutput } from './request-record.ts'
import { type StageKind, type StageProcess, startStage } from './stage-process.ts'

export interface Orchestrator {
  readonly artifacts: Artifacts
  /** for the processes of stages */
  readonly env: Readonly<Record<string, string | undefined>>
  /** called with what happens, for people and for tests */
  readonly emit: (event: Readonly<Record<string, unknown>>) => void
}

/** Both ways to call a stage, to show them. */
const KINDS: Readonly<Record<StageName, StageKind>> = { probe: 'http', frames: 'http', 'contact-sheet': 'worker' }

/** A stage that dies so often dies of its input. */
const MAX_DEATHS = 3

export interface Input {
  readonly source: ArtifactSource
  /** media type */
  readonly type?: string | undefined
  /** of the file name, with its dot */
  readonly extension?: string | undefined
}

/** A file as the input of a request. @throws UsageError */
export const inputOfFile = async (file: string): Promise<Input> => {
  // openAsBlob does not look at the file before it is read.
  await access(file, constants.R_OK).catch((cause: unknown) => {
    throw new UsageError(`${file} cannot be read. Name a video file.`, { cause })
  })
  return { source: await openAsBlob(file), extension: /^\.[A-Za-z0-9]{1,10}$/.exec(extname(file))?.[0] }
}

/** Stores the input of a new request. @throws ArtifactError, of them `already_exists` when the request is there already */
export const addRequest = async (
  artifacts: Artifacts,
  requestId: string,
  { source, type, extension = '' }: Input,
): Promise<void> => {
  const name = `original${extension}`
  try {
    const input = await artifacts.put({ requestId, stage: 'input', name }, source, { type })
    const record: RequestRecord = { owner: '', input: input.uri, outputs: {} }
    await artifacts.state(requestId).write(record, undefined)
  } catch (cause) {
    if (!isArtifactError(cause, 'already_exists', 'changed')) throw cause
    const message = `The request ${requestId} is there already. Run what is left of it: resume ${requestId}. Or run the file without a request id.`
    throw new ArtifactError('already_exists', message, { cause })
  }
}

/**
 * Runs what is left of a request, and takes it over: an orchestrator that still runs it stops at its next write.
 *
 * @returns the URI of the last stage's output
 * @throws ArtifactError (`changed`: another orchestrator has taken over), StageError, StageDiedError
 */
export const runRequest = async (orchestrator: Orchestrator, requestId: string): Promise<string> => {
  const { artifacts, emit } = orchestrator
  const state = artifacts.state(requestId)
  const found = await state.read()
  if (!found) throw new ArtifactError('not_found', `There is no request ${requestId}. Add it with: run <file>.`)
  let record: RequestRecord = { ...parseRecord(found.value), owner: crypto.randomUUID() }
  let etag = await state.write(record, found.etag)
  for (let step = nextStep(record); step; step = nextStep(record)) {
    const { stage, inputUri } = step
    const uri = await runStep(orchestrator, requestId, stage, inputUri)
    record = withOutput(record, stage, uri)
    etag = await state.write(record, etag)
    emit({ event: 'done', stage, output_uri: uri })
  }
  return record.outputs['contact-sheet']!
}

const runStep = async (
  { env, emit }: Orchestrator,
  requestId: string,
  stage: StageName,
  inputUri: string,
): Promise<string> => {
  for (let deaths = 0; ;) {
    let process: StageProcess | undefined
    try {
      process = await startStage(stage, KINDS[stage], env)
      emit({ event: 'started', stage, pid: process.pid })
      const reply = await process.call({ request_id: requestId, stage, input_uri: inputUri })
      if ('error' in reply) throw new StageError(stage, reply.error)
      return reply.output_uri
    } catch (error) {
      if (!(error instanceof StageDiedError) || ++deaths === MAX_DEATHS) throw error
      emit({ event: 'died', stage, message: error.message })
    } finally {
      await process?.stop()
    }
  }
}
