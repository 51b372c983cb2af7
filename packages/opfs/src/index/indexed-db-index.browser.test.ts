import type { LocalIndex } from '@rockpool/core'
import { indexSuite } from '@rockpool/core/testing'
import { indexedDbIndex } from './indexed-db-index.ts'

indexSuite('IndexedDB', async () => {
  const storeId = `test-${crypto.randomUUID()}`
  const handles: LocalIndex[] = []
  const open = async () => {
    const index = await indexedDbIndex({ storeId })
    handles.push(index)
    return index
  }
  return {
    index: await open(),
    another: open,
    reopen: async () => {
      await Promise.all(handles.map((index) => index.close()))
      return open()
    },
    [Symbol.asyncDispose]: async () => (await open()).erase(),
  }
})
