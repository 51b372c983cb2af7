/** A stage: reads the artifact of a URI, and stores what it makes as artifacts. Knows no other stage. */
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ArtifactError, type ArtifactRef, type Artifacts, parseArtifactRef } from '@rockpool/artifacts'
import type { StagePayload } from './payload.ts'

export interface StageContext {
  readonly artifacts: Artifacts
  readonly requestId: string
  readonly input: ArtifactRef
  /** empty, and removed afterwards */
  readonly folder: string
}

export interface Stage {
  readonly name: string
  /** Resolves with the artifact that is the input of the next stage. Repeated, it stores the same bytes. */
  readonly run: (context: StageContext) => Promise<ArtifactRef>
}

/** Runs a stage for one payload. @throws ArtifactError, MediaError */
export const runStage = async (artifacts: Artifacts, stage: Stage, payload: StagePayload): Promise<ArtifactRef> => {
  const { request_id: requestId, input_uri: inputUri } = payload
  if (payload.stage !== stage.name) {
    throw new ArtifactError(
      'bad_argument',
      `This is the stage "${stage.name}". Send "${payload.stage.slice(0, 100)}" to its own URL.`,
    )
  }
  const log = artifacts.log(requestId, stage.name)
  const folder = await mkdtemp(join(tmpdir(), `claim-check-${stage.name}-`))
  try {
    log.append({ time: new Date().toISOString(), message: 'started', input_uri: inputUri })
    const input = await artifacts.resolve(inputUri)
    const output = await stage.run({ artifacts, requestId, input, folder })
    log.append({ time: new Date().toISOString(), message: 'done', output_uri: output.uri })
    return output
  } catch (error) {
    log.append({ time: new Date().toISOString(), message: 'failed', error: String(error) })
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
    // A store that is down fails the stage by itself; the log must not hide that.
    await log.flush().catch((error: unknown) => console.error(`The log of ${stage.name} was not written: ${error}`))
  }
}

/** Streams an artifact into a file. */
export const download = async (artifacts: Artifacts, ref: ArtifactRef, path: string): Promise<void> => {
  const { body } = await artifacts.get(ref)
  await pipeline(Readable.fromWeb(body!), createWriteStream(path))
}

/** Stores references as the output of a stage. */
export const putRefs = (
  { artifacts, requestId }: StageContext,
  stage: string,
  name: string,
  value: { readonly refs: readonly ArtifactRef[] } & Readonly<Record<string, unknown>>,
): Promise<ArtifactRef> => artifacts.put({ requestId, stage, name }, JSON.stringify(value))

/** The references in the output of an earlier stage. @throws ArtifactError `bad_reference`, `malformed` */
export const readRefs = async ({
  artifacts,
  input,
}: StageContext): Promise<readonly [ArtifactRef, ...ArtifactRef[]]> => {
  const response = await artifacts.get(input)
  const { refs } = (await response.json().catch((cause: unknown) => {
    if (cause instanceof ArtifactError) throw cause
    throw new ArtifactError('malformed', `${input.uri} is not JSON. Pass the output of the stage before.`, { cause })
  })) as { readonly refs?: unknown }
  const [first, ...rest] = Array.isArray(refs) ? refs.map((ref) => parseArtifactRef(ref)) : []
  if (!first)
    throw new ArtifactError('malformed', `${input.uri} has no references. Pass the output of the stage before.`)
  return [first, ...rest]
}
