import { describe } from 'vitest'
import { appendCases } from './record-log/append-cases.ts'
import { changeCases } from './record-log/change-cases.ts'
import type { MakeRecordLog } from './record-log/fixture.ts'
import { readCases } from './record-log/read-cases.ts'
import { syncCases } from './record-log/sync-cases.ts'

export type { DeviceName, RecordLogFixture } from './record-log/fixture.ts'

/** What every RecordLog must do. `make` gives a store with an empty log, and removes it when it is disposed of. */
export const recordLogSuite = (name: string, make: MakeRecordLog): void => {
  describe(`RecordLog: ${name}`, () => {
    appendCases(make)
    readCases(make)
    changeCases(make)
    syncCases(make)
  })
}
