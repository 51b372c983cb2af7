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
