import type { RockpoolError } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import { change, type TransferRow } from '../../ports/local-index.ts'
import { Device } from '../device.ts'
import { emit } from '../pool-emitter.ts'
import { LogPort, Platform } from '../services.ts'
import { failedRow } from './transfer-row.ts'

export interface FailedTransfer {
  readonly row: TransferRow
  readonly error: RockpoolError
}

/**
 * Records in the rows why transfers failed, for the next attempts or for a person, and emits new errors.
 *
 * @throws RockpoolError the first `superseded` or `closed`: another tab leads, or this one closes, and must not change the
 *   rows; and when the rows cannot be written
 */
export const recordFailures = (failed: readonly FailedTransfer[], epoch: number) =>
  Effect.gen(function* () {
    const ended = failed.find(({ error }) => error.code === 'superseded' || error.code === 'closed')
    if (ended) return yield* Effect.fail(ended.error)
    const device = yield* Device
    const log = yield* LogPort
    const now = yield* Clock.currentTimeMillis
    const { random } = yield* Platform
    const changes = failed.map(({ row, error }) => {
      const failure = { error, attempts: row.attempts + 1, now, random: random() }
      return change('transfers', row.id, (current) => {
        // Decided within the write: the content may have been stored since the attempt.
        const isStored = log.remoteContent(row.remoteKey)?.stored === true
        return current && failedRow(current, { ...failure, isStored })
      })
    })
    yield* device.write(changes, epoch)
    for (const { row, error } of failed) {
      // A refused transfer is retried every 15 min: a repeated refusal is not emitted.
      const isKnown = row.state === 'blocked' && row.error?.code === error.code
      if (error.code === 'offline' || isKnown) continue
      const [file] = log.filesWithContent(row.remoteKey)
      yield* emit('error', { error, ...(file ? { file } : {}) })
    }
  })
