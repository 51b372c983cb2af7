/** What the cases of the suite share. */
import type { RemoteKey, StoreId } from '@rockpool/protocol'
import type { ChangeCursor, RecordLog } from '../../ports/record-log.ts'
import { eventMaker, SAMPLE_CONTENTS } from '../sample-events.ts'

/** Two devices of one store. */
export type DeviceName = 'a' | 'b'

export interface RecordLogFixture extends AsyncDisposable {
  readonly storeId: StoreId
  /** Opens the log of a device, connected to the backend; once each. */
  open(device: DeviceName): Promise<RecordLog>
  /** Ends an open log, by closing it if that was not done, and opens the device's log again on its local data. */
  reopen(device: DeviceName): Promise<RecordLog>
  /** Cuts the device off from the backend, and joins it again. */
  disconnect(device: DeviceName): Promise<void>
  connect(device: DeviceName): Promise<void>
}

export type MakeRecordLog = () => Promise<RecordLogFixture>

export const openBoth = async (fixture: RecordLogFixture): Promise<readonly [RecordLog, RecordLog]> => [
  await fixture.open('a'),
  await fixture.open('b'),
]

export const sampleKeys = (storeId: StoreId): readonly RemoteKey[] =>
  SAMPLE_CONTENTS.map((content) => eventMaker(storeId, 'none').key(content))

export const sortById = <T extends { readonly id: string }>(rows: readonly T[]): readonly T[] =>
  rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))

/** All records about one file id or remote key. */
const row = (log: RecordLog, subject: string) => ({
  file: log.file(subject),
  versions: log.versions(subject),
  content: log.remoteContent(subject as RemoteKey),
})

/** All records of the log, by file id and remote key. */
export const allRows = (log: RecordLog) =>
  new Map(
    log
      .changes(undefined, 1_000_000)
      .subjects.toSorted()
      .map((subject) => [subject, row(log, subject)]),
  )

export const snapshotOf = (log: RecordLog) => ({ rows: allRows(log), list: log.list({ limit: 1_000 }) })

export const isSameLog = (a: RecordLog, b: RecordLog): boolean =>
  JSON.stringify([...allRows(a)]) === JSON.stringify([...allRows(b)])

/** A copy of a log that is kept up to date by its changes alone, as the engine does. */
export class Mirror {
  cursor: ChangeCursor | undefined
  readonly #limit: number
  readonly #rows = new Map<string, ReturnType<typeof row>>()

  constructor(limit = 100) {
    this.#limit = limit
  }

  get rows() {
    return new Map([...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  read(log: RecordLog): void {
    for (let more = true; more;) {
      const changes = log.changes(this.cursor, this.#limit)
      for (const subject of changes.subjects) this.#rows.set(subject, row(log, subject))
      this.cursor = changes.cursor
      more = changes.more
    }
  }
}

/** Waits until `holds`, looking again whenever one of the logs changed. */
export const until = async (logs: readonly RecordLog[], holds: () => boolean): Promise<void> => {
  while (!holds()) {
    const ends: (() => void)[] = []
    await new Promise<void>((resolve) => {
      for (const log of logs) ends.push(log.subscribe(resolve))
      if (holds()) resolve()
    })
    for (const end of ends) end()
  }
}

/** The next `count` confirmations. */
export const nextConfirmations = (log: RecordLog, count: number, since?: string) =>
  collectConfirmations(log, since, new AbortController().signal, count)

export const collectConfirmations = async (
  log: RecordLog,
  since: string | undefined,
  signal: AbortSignal,
  count: number,
) => {
  const found: { readonly opId: string; readonly cursor: string }[] = []
  for await (const confirmation of log.confirmations(since, signal)) {
    found.push(confirmation)
    if (found.length >= count) break
  }
  return found
}
