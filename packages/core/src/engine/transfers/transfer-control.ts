/** What people do with transfers: retry, cancel, pause. */
import { RockpoolError } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import { change } from '../../ports/index-port.ts'
import type { FileRecord } from '../../records/record.ts'
import { Device, transferId } from '../device.ts'
import { retried, uploadIfNeeded } from './enqueue.ts'

const DIRECTIONS = ['upload', 'download'] as const

/** Tries again, now; an upload also when it was lost from the queue. */
export const retry = (file: FileRecord) =>
  Effect.gen(function* () {
    const device = yield* Device
    const now = yield* Clock.currentTimeMillis
    const rows = DIRECTIONS.flatMap((direction) => device.transfer(direction, file.remoteKey) ?? [])
    yield* device.write(
      rows.length > 0
        ? rows.map(({ id }) => change('transfers', id, (row) => row && retried(row)))
        : yield* uploadIfNeeded(file, now),
    )
  })

/** An upload stays in the queue, blocked, since its bytes are nowhere else; a download is forgotten. */
export const cancel = ({ remoteKey }: FileRecord) =>
  Effect.gen(function* () {
    const device = yield* Device
    const { code, message } = new RockpoolError('aborted', 'You stopped this upload. The file is on this device only.')
    yield* device.write([
      change(
        'transfers',
        transferId('upload', remoteKey),
        (row) => row && { ...row, state: 'blocked', error: { code, message } },
      ),
      change('transfers', transferId('download', remoteKey), () => undefined),
    ])
  })

export const setPaused = (paused: boolean) =>
  Effect.flatMap(Device, (device) =>
    device.write([
      change('engine', 'engine', (row) => ({
        id: 'engine',
        epoch: 0,
        changeCursor: null,
        confirmationCursor: null,
        ...row,
        paused,
      })),
    ]),
  )
