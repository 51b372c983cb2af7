/** Each cell of the tables, by the functions that the engine uses. */
import { RockpoolError, type ErrorCode } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import type { TransferDirection, TransferRow } from '../../ports/local-index.ts'
import { sampleTransfer } from '../../testing/sample-transfer.ts'
import { transfersDocument } from '../../testing/transfers-document.ts'
import { nextTransfers } from './next-transfers.ts'
import { makeRetryTimes, type Moment } from './retry-times.ts'
import {
  cancelledRow,
  failedRow,
  neededRow,
  queuedRow,
  retriedRow,
  retriedWithAll,
  rowAfterStored,
  sentRow,
  stoppedRow,
} from './transfer-row.ts'
import {
  type DownloadInput,
  type DownloadState,
  downloadState,
  DOWNLOADS,
  type UploadInput,
  type UploadState,
  uploadState,
  UPLOADS,
} from './transfer-states.ts'

const HOUR = 3_600_000
const START: Moment = { wall: 1_000_000_000_000, monotonic: 1_000 }

/** A transfer as the leader's tab knows it, and what happens to it. */
const scene = (direction: TransferDirection, row: TransferRow | undefined, isRunning: boolean) => {
  const times = makeRetryTimes(new Map())
  let now = START
  let current = row
  let running = isRunning
  const change = (after: (row: TransferRow) => TransferRow | undefined) => {
    current = current && after(current)
  }
  const fail = (code: ErrorCode) => {
    const error = new RockpoolError(code, 'It failed.')
    change((failed) => failedRow(failed, { error, attempts: 1, now: now.wall, random: 0.5 }))
    running = false
  }
  const wake = (which: (row: TransferRow) => boolean = () => true) => {
    if (current && which(current)) times.wake([current])
  }
  const content = { remoteKey: sampleTransfer(direction).remoteKey, size: 1, type: 'text/plain' }
  const isRefused = ({ state }: TransferRow) => state === 'blocked'

  const inputs: Record<UploadInput | DownloadInput, () => void> = {
    added: () => void (current = queuedRow(direction, content, now.wall, current)),
    pinned: () => void (current = queuedRow(direction, content, now.wall, current)),
    needed: () => void (current = neededRow(direction, content, now.wall, current)),
    // Object storage lost the content, so it is needed again.
    lost: () => void (current = neededRow(direction, content, now.wall, current)),
    retried() {
      // An upload that was lost from the queue comes back.
      if (!current && direction === 'upload') current = neededRow(direction, content, now.wall)
      else change(retriedRow)
    },
    all_retried: () => change(retriedWithAll),
    cancelled: () => change(cancelledRow),
    unpinned: () => change(() => undefined),
    unnamed: () => change(() => undefined),
    kept: () => change(() => undefined),
    started() {
      const plan = nextTransfers({
        rows: new Map(current ? [[current.id, current]] : []),
        running: new Map(running && current ? [[current.id, { direction, lane: 'any' }]] : []),
        paused: false,
        dueIn: (waiting) => times.dueIn(waiting, now),
        isFreed: () => false,
        partSize: 1,
      })
      if (plan.start.length > 0) running = true
    },
    interrupted() {
      if (running) wake() // it is due as it was when it started
      running = false
    },
    failed: () => fail('storage_unavailable'),
    was_refused: () => fail('forbidden'),
    not_found: () => fail('not_found'),
    put_ended() {
      change(sentRow)
      running = false
    },
    stored() {
      change(() => undefined)
      running = false
    },
    wait_over: () => void (now = { wall: now.wall + HOUR, monotonic: now.monotonic + HOUR }),
    woken: () => wake(),
    new_token: () => wake(isRefused),
    freed: () => wake(isRefused),
    proved: () => change((before) => rowAfterStored(before, 'proved')),
    claimed: () => change((before) => rowAfterStored(before, 'claimed')),
  }
  const facts = () => ({ isRunning: running, isDue: current !== undefined && times.dueIn(current, now) === 0 })
  return { inputs, row: () => current, facts }
}

const failed = (direction: TransferDirection, code: ErrorCode): TransferRow =>
  failedRow(sampleTransfer(direction, { direction }), {
    error: new RockpoolError(code, 'It failed.'),
    attempts: 5,
    now: START.wall,
    random: 0.5,
  })

const UPLOAD_ROWS: Record<UploadState, TransferRow | undefined> = {
  none: undefined,
  queued: sampleTransfer('upload'),
  running: sampleTransfer('upload'),
  sent: sentRow(sampleTransfer('upload')),
  backing_off: failed('upload', 'storage_unavailable'),
  refused: failed('upload', 'forbidden'),
  stopped: stoppedRow(sampleTransfer('upload')),
}
const DOWNLOAD_ROWS: Record<DownloadState, TransferRow | undefined> = {
  none: undefined,
  queued: sampleTransfer('download', { direction: 'download' }),
  running: sampleTransfer('download', { direction: 'download' }),
  backing_off: failed('download', 'storage_unavailable'),
  refused: failed('download', 'forbidden'),
  missing: failed('download', 'not_found'),
}

/** [input, state, next state] of each input that comes. */
const cells = <Input extends string, State extends string>(
  table: Readonly<Record<Input, Readonly<Record<State, State | null>>>>,
) =>
  (Object.keys(table) as Input[]).flatMap((input) =>
    (Object.keys(table[input]) as State[]).flatMap((state) => {
      const next = table[input][state]
      return next === null ? [] : [[input, state, next] as const]
    }),
  )

describe('an upload', () => {
  test.each(cells(UPLOADS))('%s: %s becomes %s', (input, state, next) => {
    const { inputs, row, facts } = scene('upload', UPLOAD_ROWS[state], state === 'running')
    expect(uploadState(row(), facts())).toBe(state)
    inputs[input]()
    expect(uploadState(row(), facts())).toBe(next)
  })
})

describe('a download', () => {
  test.each(cells(DOWNLOADS))('%s: %s becomes %s', (input, state, next) => {
    const { inputs, row, facts } = scene('download', DOWNLOAD_ROWS[state], state === 'running')
    expect(downloadState(row(), facts())).toBe(state)
    inputs[input]()
    expect(downloadState(row(), facts())).toBe(next)
  })
})

/** Written anew by `vitest run -u`. */
test('docs/concepts/transfers.md shows the tables', async () => {
  await expect(transfersDocument(UPLOAD_ROWS, DOWNLOAD_ROWS)).toMatchFileSnapshot(
    '../../../../../docs/concepts/transfers.md',
  )
})

test('a download whose content the log says to be stored, and that object storage does not have, is missing, too', () => {
  expect(downloadState(failed('download', 'storage_suspect'), { isRunning: false, isDue: false })).toBe('missing')
})
