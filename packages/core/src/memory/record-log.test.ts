import { expect, test } from 'vitest'
import { checkName } from '../records/limits.ts'
import { recordLogRefusalSuite } from '../testing/record-log-refusal-suite.ts'
import { type DeviceName, type RecordLogFixture, recordLogSuite } from '../testing/record-log-suite.ts'
import { eventMaker } from '../testing/sample-events.ts'
import { memoryRecordLog } from './record-log.ts'
import { memorySyncBackend } from './sync-backend.ts'

const storeId = 'store'

const makeFixture = async (): Promise<RecordLogFixture> => {
  const backend = memorySyncBackend()
  backend.refuse(({ args }) => {
    const wrong = 'name' in args ? checkName(args.name) : undefined
    return wrong && { code: wrong.code, message: wrong.message }
  })
  const open = async (device: DeviceName) => memoryRecordLog({ storeId, backend, device })
  return {
    storeId,
    open,
    reopen: open,
    disconnect: async (device) => backend.disconnect(device),
    connect: async (device) => backend.connect(device),
    [Symbol.asyncDispose]: async () => {},
  }
}

recordLogSuite('in memory', makeFixture)
recordLogRefusalSuite('in memory', makeFixture)

test('logs of one device are its tabs: they see each other offline', () => {
  const backend = memorySyncBackend()
  backend.disconnect('a')
  const tabs = [memoryRecordLog({ storeId, backend, device: 'a' }), memoryRecordLog({ storeId, backend, device: 'a' })]
  tabs[0]!.append([eventMaker(storeId, 'op').added('f1')])
  expect(tabs[1]!.file('f1')).toBeDefined()
})

test('a crash loses what the backend did not confirm', async () => {
  const backend = memorySyncBackend()
  const event = eventMaker(storeId, 'op')
  const log = memoryRecordLog({ storeId, backend, device: 'a' })
  const told = new Promise<void>((resolve) => void log.subscribe(() => backend.confirmed.length === 1 && resolve()))
  log.append([event.added('confirmed')])
  await told
  const { cursor } = log.changes(undefined, 10)
  backend.disconnect('a')
  log.append([event.added('pending')])
  backend.crash('a')
  const after = memoryRecordLog({ storeId, backend, device: 'a' })
  expect(after.file('confirmed')).toBeDefined()
  expect(after.file('pending')).toBeUndefined()
  expect(after.changes(cursor, 10).subjects).toEqual(['confirmed'])
})
