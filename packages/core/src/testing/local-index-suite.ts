import { describe } from 'vitest'
import { decisionCases } from './local-index/decision-cases.ts'
import type { MakeIndex } from './local-index/fixture.ts'
import { handleCases } from './local-index/handle-cases.ts'
import { rowCases } from './local-index/row-cases.ts'
import { writeCases } from './local-index/write-cases.ts'

export type { IndexFixture } from './local-index/fixture.ts'

/** What every LocalIndex must do. `make` gives an empty one, and removes it when it is disposed of. */
export const indexSuite = (name: string, make: MakeIndex): void => {
  describe(`LocalIndex: ${name}`, () => {
    rowCases(make)
    writeCases(make)
    decisionCases(make)
    handleCases(make)
  })
}
