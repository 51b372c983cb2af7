import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import type { TransferRow } from '../../ports/local-index.ts'
import type { FileState } from '../../pool.ts'
import { sampleTransfer } from '../../testing/sample-transfer.ts'
import { type StatusFacts, statusOf } from './status.ts'

const key = 'store/files/x' as RemoteKey
const transfer = (over: Partial<TransferRow>) => sampleTransfer(`upload:${key}`, { remoteKey: key, size: 100, ...over })
const facts: StatusFacts = {
  size: 100,
  onDevice: false,
  isStored: false,
  logState: undefined,
  upload: undefined,
  download: undefined,
  activity: undefined,
}
const refused = { code: 'forbidden', message: 'no' } as const

const cases: {
  name: string
  facts: Partial<StatusFacts>
  state: FileState
  bytes: number
  error?: string
  nextAttemptAt?: number | null
}[] = [
  { name: 'another device has it', facts: {}, state: 'remote', bytes: 0 },
  { name: 'object storage has it', facts: { isStored: true }, state: 'remote', bytes: 0 },
  { name: 'only here', facts: { onDevice: true }, state: 'local', bytes: 0 },
  { name: 'only here, in the queue', facts: { onDevice: true, upload: transfer({}) }, state: 'local', bytes: 0 },
  {
    name: 'here, and there by the word of others',
    facts: { onDevice: true, logState: 'stored' },
    state: 'stored',
    bytes: 100,
  },
  {
    name: 'here and in the queue, whatever others say',
    facts: { onDevice: true, logState: 'stored', upload: transfer({}) },
    state: 'local',
    bytes: 0,
  },
  {
    name: 'here, and lost there',
    facts: { onDevice: true, isStored: true, logState: 'lost' },
    state: 'local',
    bytes: 0,
  },
  { name: 'here and there', facts: { onDevice: true, isStored: true }, state: 'stored', bytes: 100 },
  {
    name: 'sent, and not yet seen by the signer',
    facts: { onDevice: true, upload: transfer({ state: 'sent' }) },
    state: 'uploading',
    bytes: 100,
  },
  {
    name: 'on the way up',
    facts: {
      onDevice: true,
      upload: transfer({}),
      activity: { remoteKey: key, direction: 'upload', bytes: 40, total: 100 },
    },
    state: 'uploading',
    bytes: 40,
  },
  {
    name: 'on the way down',
    facts: { isStored: true, activity: { remoteKey: key, direction: 'download', bytes: 7, total: 100 } },
    state: 'downloading',
    bytes: 7,
  },
  {
    name: 'offline is no failure',
    facts: { onDevice: true, upload: transfer({ attempts: 3, notBefore: 9, error: { code: 'offline', message: '' } }) },
    state: 'local',
    bytes: 0,
  },
  {
    name: 'refused',
    facts: { onDevice: true, upload: transfer({ state: 'blocked', error: refused, notBefore: 9 }) },
    state: 'failed',
    bytes: 0,
    error: 'forbidden',
    nextAttemptAt: 9,
  },
  {
    name: 'refused, by an older version',
    facts: { onDevice: true, upload: transfer({ state: 'blocked', error: refused }) },
    state: 'failed',
    bytes: 0,
    error: 'forbidden',
    nextAttemptAt: null,
  },
  {
    name: 'stopped by a person',
    facts: {
      onDevice: true,
      upload: transfer({ state: 'blocked', error: { code: 'aborted', message: '' }, notBefore: 9 }),
    },
    state: 'failed',
    bytes: 0,
    error: 'aborted',
    nextAttemptAt: null,
  },
  {
    name: 'failed, tried again later',
    facts: { onDevice: true, upload: transfer({ notBefore: 9, error: { code: 'storage_unavailable', message: '' } }) },
    state: 'failed',
    bytes: 0,
    error: 'storage_unavailable',
    nextAttemptAt: 9,
  },
  {
    name: 'failed before, under way again',
    facts: {
      onDevice: true,
      upload: transfer({ error: refused }),
      activity: { remoteKey: key, direction: 'upload', bytes: 1, total: 100 },
    },
    state: 'uploading',
    bytes: 1,
  },
  {
    name: 'a pin that could not be fetched',
    facts: {
      isStored: true,
      download: transfer({ direction: 'download', state: 'blocked', error: { code: 'quota_exceeded', message: '' } }),
    },
    state: 'failed',
    bytes: 0,
    error: 'quota_exceeded',
    nextAttemptAt: null,
  },
]

test('tells the speed and the time that is left while a transfer runs', () => {
  const activity = { remoteKey: key, direction: 'upload', bytes: 40, total: 100 } as const
  const pace = (bytesPerSecond?: number | null) =>
    statusOf({ ...facts, activity: { ...activity, ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }) } })
  expect(pace(20)).toMatchObject({ bytesPerSecond: 20, remainingMs: 3_000 })
  expect(pace(0)).toMatchObject({ bytesPerSecond: 0, remainingMs: null })
  expect(pace(null)).toMatchObject({ bytesPerSecond: null, remainingMs: null })
  // a worker of an older version
  expect(pace()).toMatchObject({ bytesPerSecond: null, remainingMs: null })
  expect(statusOf(facts)).toMatchObject({ bytesPerSecond: null, remainingMs: null })
})

test.each(cases)('$name: $state', ({ facts: given, state, bytes, error, nextAttemptAt }) => {
  const status = statusOf({ ...facts, ...given })
  expect(status).toMatchObject({ state, bytes, total: 100, onDevice: given.onDevice ?? false })
  expect(status.error?.code).toBe(error)
  expect(status.error?.nextAttemptAt).toBe(nextAttemptAt)
})
