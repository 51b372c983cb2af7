import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeFolder, removeFolder } from '../../test-support/folder.ts'
import { readModelSuite } from '../../testing/read-model-suite.ts'
import { sqliteLogs } from './index.ts'

readModelSuite('sqlite', async () => {
  const directory = await makeFolder()
  let logs = await sqliteLogs({ directory })
  return {
    open: () => logs.open('shop'),
    alter: async (statement) => {
      await logs.close()
      const database = new DatabaseSync(path.join(directory, 'shop.sqlite'))
      database.exec(statement)
      database.close()
      logs = await sqliteLogs({ directory })
    },
    [Symbol.asyncDispose]: async () => {
      await logs.close()
      await removeFolder(directory)
    },
  }
})
