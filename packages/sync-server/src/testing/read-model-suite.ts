/** Acceptance tests of the read model: every adapter that has one runs them. */
import { afterEach, beforeEach, describe } from 'vitest'
import { contentCases } from './read-model/content-cases.ts'
import { fileCases } from './read-model/file-cases.ts'
import { fileEventCases } from './read-model/file-event-cases.ts'
import { keptCases } from './read-model/kept-cases.ts'
import { keyCases } from './read-model/key-cases.ts'
import { queryCases } from './read-model/query-cases.ts'
import {
  createShopLog,
  type ReadModelStatements,
  type ReadModelSubject,
  SQLITE_STATEMENTS,
} from './read-model/shop-log.ts'
import { tableCases } from './read-model/table-cases.ts'

export { type ReadModelStatements, type ReadModelSubject, SQLITE_STATEMENTS }

export const readModelSuite = (name: string, make: () => Promise<ReadModelSubject>): void => {
  describe(`ReadModel: ${name}`, { timeout: 60_000 }, () => {
    let subject: ReadModelSubject
    const shop = createShopLog(() => subject)
    beforeEach(async () => {
      subject = await make()
      await shop.open()
    })
    afterEach(() => subject[Symbol.asyncDispose]())
    fileCases(shop)
    contentCases(shop)
    queryCases(shop)
    fileEventCases(shop)
    keyCases(shop)
    keptCases(shop)
    tableCases(shop)
  })
}
