import type { FileRecord } from '@rockpool/core'
import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import type { DeviceState } from './app/src/device-state.ts'
import { whyBusy, whyNotEqual, whyNotSwept } from './oracles.ts'

const file = (id: string, name = 'a.bin'): FileRecord => ({
  id,
  name,
  type: 'text/plain',
  size: 5,
  bucket: 'files',
  remoteKey: 'faults/files/address' as RemoteKey,
  meta: {},
  createdAt: 1,
  updatedAt: 1,
  deletedAt: null,
  version: 'v',
})

const calm: DeviceState = {
  files: [file('1')],
  wanted: [{ remoteKey: 'faults/files/address', size: 5, isStored: true }],
  pinned: ['1'],
  outbox: [],
  transfers: [],
  contents: [['address', 5, 0]],
  disk: [['address', 5]],
  rubbish: [],
  sync: { state: 'online', reason: { code: 'connected', message: '' } } as DeviceState['sync'],
  isPaused: false,
  statuses: [],
}

test('a device that is done and has all of its bytes is at rest', () => {
  expect(whyBusy({ name: 'd1', state: calm })).toBeUndefined()
})

test.each<[string, Partial<DeviceState>, RegExp]>([
  ['paused transfers', { isPaused: true }, /paused/],
  ['an event that waits', { outbox: ['v2.FileAdded'] }, /outbox of d1 has v2.FileAdded/],
  ['a transfer that waits', { transfers: ['upload:key waiting'] }, /queue of d1 has upload:key/],
  ['no sync', { sync: { state: 'offline' } as DeviceState['sync'] }, /does not sync/],
  [
    'content that is not known as stored',
    { wanted: [{ remoteKey: 'k', size: 1, isStored: false }] },
    /know k as stored/,
  ],
  ['a row without bytes', { disk: [], pinned: [] }, /names 5 bytes of address since 1970-.*, the disk has none/],
  ['a row with other bytes', { disk: [['address', 4]] }, /names 5 bytes of address since 1970-.*, the disk has 4/],
  ['a pinned file without bytes', { disk: [], contents: [] }, /lacks the pinned file 1/],
])('a device with %s is not at rest', (_, difference, reason) => {
  expect(whyBusy({ name: 'd1', state: { ...calm, ...difference } })).toMatch(reason)
})

test('bytes without a row, and files that are only pinned elsewhere, are no fault', () => {
  const state = { ...calm, contents: [], disk: [['other', 1]], pinned: [] } as const satisfies Partial<DeviceState>
  expect(whyBusy({ name: 'd1', state: { ...calm, ...state } })).toBeUndefined()
})

test('a device with a temp file is not swept', () => {
  expect(whyNotSwept({ name: 'd1', state: calm })).toBeUndefined()
  expect(whyNotSwept({ name: 'd1', state: { ...calm, rubbish: ['temp/x'] } })).toBe('d1 has left temp/x on its disk')
})

test.each<[string, readonly FileRecord[], RegExp | undefined]>([
  ['the same files', [file('1')], undefined],
  ['no files', [], /d1 lists .*"id":"1".*, d2 lists none/],
  ['one more file', [file('1'), file('2')], /d1 lists no file 2, d2 lists .*"id":"2"/],
  ['another name', [file('1', 'b.bin')], /"a.bin".*"b.bin"/],
])('two devices, of which the second has %s', (_, files, reason) => {
  const difference = whyNotEqual([
    { name: 'd1', state: calm },
    { name: 'd2', state: { ...calm, files } },
  ])
  if (reason === undefined) expect(difference).toBeUndefined()
  else expect(difference).toMatch(reason)
})
