/** `docs/concepts/transfers.md`, written from the tables that the tests run. */
import type { TransferRow } from '../ports/local-index.ts'
import { type StatusFacts, statusOf } from '../engine/files/status.ts'
import {
  DOWNLOAD_INPUTS,
  DOWNLOAD_STATES,
  DOWNLOADS,
  type DownloadState,
  UPLOAD_INPUTS,
  UPLOAD_STATES,
  UPLOADS,
  type UploadState,
} from '../engine/transfers/transfer-states.ts'

const HEAD = `# Transfers

One row of the index for each upload or download of a content that is not done. The leader's tab runs them. What is in the row
survives the tab; whether an attempt is under way, and whether a wait was made shorter, only the leader knows. This file is
generated from \`packages/core/src/engine/transfers/transfer-states.ts\`, whose tests run every cell.

- A wait is kept as a duration and as a moment of the wall clock. It ends when either is over, so a wrong clock makes nobody
  wait longer than was meant: at most 5 min after a failure that may pass soon, and at most 15 min after a refusal.
- Retry-After of the signer and of the object store counts, up to 5 min.
- \`navigator.onLine\` only shortens waits. Without a network an attempt fails, and the next one comes at the pace of the
  back-off.
- When the network or a server is away, one attempt at a time asks whether it is back, at the pace of the back-off, however many
  transfers wait. What a person tries again is tried at once.
- The reason of a failure is shown until an attempt succeeds.
- A transfer that a person stopped never starts by itself.

## Order

In each direction three transfers run at the same time, one more for a file of a single part, and one more for a transfer
that was refused before. What somebody opened last comes first, then each file as if it had been sent at 1 MB/s since it was
added: a small file goes before a large one that is a little older, and a large one before small ones that came much later.

All transfers share 6 connections and 64 MiB in flight. Parts of large files use all connections but one. Readers do not wait;
what they use is taken from the others, down to one connection for small files and one for parts.

Browsers open 6 connections to one host by HTTP/1.1. The WebSocket of Rockpool's sync is none of them, in Chromium and in Firefox, and
an event stream is one (\`test/e2e/connection-limit.test.ts\`): an app that holds one to the host of the object store opens its pool
with \`connections: 5\`.
`

export const transfersDocument = (
  uploads: Readonly<Record<UploadState, TransferRow | undefined>>,
  downloads: Readonly<Record<DownloadState, TransferRow | undefined>>,
): string =>
  [
    HEAD,
    '## Uploads\n',
    statesTable(UPLOAD_STATES, uploads, (row, isRunning) => shown('upload', row, isRunning)),
    transitionsTable(UPLOAD_INPUTS, UPLOADS),
    '## Downloads\n\nOf files that are kept on this device. A reader downloads for itself.\n',
    statesTable(DOWNLOAD_STATES, downloads, (row, isRunning) => shown('download', row, isRunning)),
    transitionsTable(DOWNLOAD_INPUTS, DOWNLOADS),
    '## Without a transfer\n\nWhat is shown depends on what this device and the log know of the content.\n',
    wordsTable(),
  ].join('\n')

const FACTS: StatusFacts = {
  size: 1,
  onDevice: false,
  isStored: false,
  logState: undefined,
  upload: undefined,
  download: undefined,
  activity: undefined,
}

const shown = (direction: 'upload' | 'download', row: TransferRow | undefined, isRunning: boolean): string => {
  if (!row) return 'see below'
  const { remoteKey } = row
  const activity = isRunning ? { remoteKey, direction, bytes: 0, total: 1 } : undefined
  return code(statusOf({ ...FACTS, onDevice: direction === 'upload', [direction]: row, activity }).state)
}

const statesTable = <State extends string>(
  states: Readonly<Record<State, string>>,
  rows: Readonly<Record<State, TransferRow | undefined>>,
  show: (row: TransferRow | undefined, isRunning: boolean) => string,
): string =>
  table(
    ['state', 'means', 'in the row', 'shown as'],
    (Object.keys(states) as State[]).map((state) => {
      const row = rows[state]
      const inRow = row ? `\`${row.state}\`${row.error ? `, \`${row.error.code}\`` : ''}` : 'no row'
      return [code(state), states[state], inRow, show(row, state === 'running')]
    }),
  )

/** A cell is empty where nothing changes; a dash stands where the input does not come. */
const transitionsTable = <Input extends string, State extends string>(
  inputs: Readonly<Record<Input, string>>,
  transitions: Readonly<Record<Input, Readonly<Record<State, State | null>>>>,
): string => {
  const states = Object.keys(Object.values<Readonly<Record<State, State | null>>>(transitions)[0]!) as State[]
  return table(
    ['input', ...states.map(code)],
    (Object.keys(inputs) as Input[]).map((input) =>
      [inputs[input]].concat(
        states.map((state) => {
          const next = transitions[input][state]
          return next === null ? '-' : next === state ? '' : code(next)
        }),
      ),
    ),
  )
}

const wordsTable = (): string =>
  table(
    ['on this disk', 'this device knows that it is stored', 'the log says', 'shown as'],
    [true, false].flatMap((onDevice) =>
      [true, false].flatMap((isStored) =>
        ([undefined, 'stored', 'lost'] as const).map((logState) => [
          onDevice ? 'yes' : 'no',
          isStored ? 'yes' : 'no',
          logState ?? 'nothing',
          code(statusOf({ ...FACTS, onDevice, isStored, logState }).state),
        ]),
      ),
    ),
  )

const code = (text: string): string => `\`${text}\``

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)))
  const write = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [write(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(write), ''].join('\n')
}
