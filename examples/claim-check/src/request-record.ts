/** What `state.json` of a request holds, and what follows from it. Pure. */
import { ArtifactError } from '@rockpool/artifacts'

/** In the order in which they run. The output of one is the input of the next. */
export const STAGES = ['probe', 'frames', 'contact-sheet'] as const
export type StageName = (typeof STAGES)[number]

export interface RequestRecord {
  /** of the orchestrator that runs it, random */
  readonly owner: string
  /** `s3://` URI */
  readonly input: string
  /** the output of each stage that is done, an `s3://` URI */
  readonly outputs: Readonly<Partial<Record<StageName, string>>>
}

/** The next stage and its input; undefined when all are done. */
export const nextStep = ({
  input,
  outputs,
}: RequestRecord): { readonly stage: StageName; readonly inputUri: string } | undefined => {
  let inputUri = input
  for (const stage of STAGES) {
    const output = outputs[stage]
    if (output === undefined) return { stage, inputUri }
    inputUri = output
  }
  return undefined
}

export const withOutput = (record: RequestRecord, stage: StageName, uri: string): RequestRecord => ({
  ...record,
  outputs: { ...record.outputs, [stage]: uri },
})

/** @throws ArtifactError `malformed` */
export const parseRecord = (value: unknown): RequestRecord => {
  const { owner, input, outputs } = (value ?? {}) as Record<string, unknown>
  const isComplete =
    typeof owner === 'string' &&
    typeof input === 'string' &&
    typeof outputs === 'object' &&
    outputs !== null &&
    Object.entries(outputs).every(([stage, uri]) => STAGES.includes(stage as StageName) && typeof uri === 'string')
  if (isComplete) return value as RequestRecord
  throw new ArtifactError('malformed', 'state.json is not that of this pipeline. Run the file as a new request.')
}
