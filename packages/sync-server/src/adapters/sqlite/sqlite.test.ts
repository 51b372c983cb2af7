import { eventLogSuite } from '../../testing/event-log-suite.ts'
import { groupCommitCases } from '../../testing/group-commit-cases.ts'
import { makeFolder, removeFolder } from '../../test-support/folder.ts'
import { sqliteLogs } from './index.ts'

const openSubject = async () => {
  const directory = await makeFolder()
  let logs = await sqliteLogs({ directory })
  return {
    logs,
    reopen: async () => {
      await logs.close()
      logs = await sqliteLogs({ directory })
      return logs
    },
    [Symbol.asyncDispose]: async () => {
      await logs.close()
      await removeFolder(directory)
    },
  }
}

eventLogSuite('sqlite', openSubject, { restarts: true })
groupCommitCases('sqlite', openSubject)
