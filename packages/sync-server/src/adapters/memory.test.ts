import { expect, it } from 'vitest'
import { eventLogSuite } from '../testing/event-log-suite.ts'
import { memoryLogs } from './memory.ts'

eventLogSuite(
  'memory',
  async () => {
    const logs = memoryLogs()
    return { logs, [Symbol.asyncDispose]: () => logs.close() }
  },
  { restarts: false },
)

it('lists the stores that have a log', async () => {
  const logs = memoryLogs()
  await logs.open('shop')
  await logs.open('club')
  expect(await logs.storeIds!()).toEqual(['shop', 'club'])
})
