import { indexSuite } from '../testing/local-index-suite.ts'
import { memoryIndex, memoryIndexStorage } from './local-index.ts'

indexSuite('in memory', async () => {
  const storage = memoryIndexStorage()
  const index = memoryIndex(storage)
  return {
    index,
    another: async () => memoryIndex(storage),
    reopen: async () => {
      await index.close()
      return memoryIndex(storage)
    },
    [Symbol.asyncDispose]: () => index.close(),
  }
})
