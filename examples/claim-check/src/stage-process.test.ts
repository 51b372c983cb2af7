import { afterEach, expect, test } from 'vitest'
import { type StageProcess, startStage } from './stage-process.ts'

const argv = process.argv
let stage: StageProcess | undefined
afterEach(async () => {
  process.argv = argv
  await stage?.stop()
})

test('a stage that cuts the connection and lives on counts as dead', { timeout: 10_000 }, async () => {
  process.argv = [argv[0]!, new URL('testing/silent-stage.ts', import.meta.url).pathname]
  stage = await startStage('probe', 'http', process.env)
  const call = stage.call({ request_id: 'r', stage: 'probe', input_uri: 's3://b/k' })
  await expect(call).rejects.toMatchObject({ name: 'StageDiedError' })
})
