/** Where a pipeline keeps its artifacts in the tests: S3, or the folder of a server. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Artifacts, createArtifacts, readEnvironment } from '@rockpool/artifacts'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'
import { TOKEN_SECRET } from '../../../../packages/server/src/testing/client.ts'
import { endAll, runServer } from '../../../../packages/server/src/testing/process.ts'
import { requestEnvironment } from '../request-environment.ts'
import { type Gate, openGate } from './gate.ts'

export interface Place {
  /** of the commands; all that they send passes `gate` */
  readonly env: Readonly<Record<string, string>>
  readonly gate: Gate
  /** The artifacts of a request. */
  artifactsOf(requestId: string): Promise<Artifacts>
  close(): Promise<void>
}

const placeOf = (
  gate: Gate,
  env: Readonly<Record<string, string>>,
  folder: string,
  endServer = async () => {},
): Place => ({
  // What killed processes leave behind goes with the folder.
  env: { ...env, TMPDIR: folder },
  gate,
  artifactsOf: async (requestId) => createArtifacts(readEnvironment(await requestEnvironment(env, requestId))),
  close: async () => {
    await gate.close()
    await endServer()
    await rm(folder, { recursive: true, force: true })
  },
})

const testFolder = () => mkdtemp(join(tmpdir(), 'claim-check-test-'))

export const openS3 = async (): Promise<Place> => {
  const bucket = await createdBucket('claim-check')
  const gate = await openGate(bucket.endpoint)
  return placeOf(gate, { ...environmentOfBucket(bucket), ARTIFACT_ENDPOINT: gate.url }, await testFolder())
}

/** The orchestrator signs a token for each request; stages get the token only. */
export const openServer = async (): Promise<Place> => {
  const folder = await testFolder()
  const variables = { ROCKPOOL_DATA_DIR: join(folder, 'data'), ROCKPOOL_JWT_SECRET: TOKEN_SECRET, PORT: '0' }
  const gate = await openGate(await runServer(['serve'], { env: variables, cwd: folder }).url)
  const env = { ARTIFACT_ENDPOINT: `${gate.url}/signer`, ARTIFACT_TOKEN_SECRET: TOKEN_SECRET }
  return placeOf(gate, env, folder, endAll)
}
