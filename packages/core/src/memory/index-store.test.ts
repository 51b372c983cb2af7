import { indexSuite } from '../testing/index-suite.ts'
import { memoryIndex, memoryIndexStorage } from './index-store.ts'

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
