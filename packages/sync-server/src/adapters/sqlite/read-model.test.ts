import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeFolder, removeFolder } from '../../test-support/folder.ts'
import { type ReadModelSubject, readModelSuite, SQLITE_STATEMENTS } from '../../testing/read-model-suite.ts'
import { redactSuite } from '../../testing/redact-suite.ts'
import { sqliteLogs } from './index.ts'

const openSubject = async (): Promise<ReadModelSubject> => {
  const directory = await makeFolder()
  let logs = await sqliteLogs({ directory })
  const inDatabase = async <A>(work: (database: DatabaseSync) => A): Promise<A> => {
    await logs.close()
    const database = new DatabaseSync(path.join(directory, 'shop.sqlite'))
    const result = work(database)
    database.close()
    logs = await sqliteLogs({ directory })
    return result
  }
  return {
    open: () => logs.open('shop'),
    alter: (statement) => inDatabase((database) => database.exec(statement)),
    select: (query) => inDatabase((database) => database.prepare(query).all()),
    statements: SQLITE_STATEMENTS,
    [Symbol.asyncDispose]: async () => {
      await logs.close()
      await removeFolder(directory)
    },
  }
}

readModelSuite('sqlite', openSubject)
redactSuite('sqlite', openSubject)
