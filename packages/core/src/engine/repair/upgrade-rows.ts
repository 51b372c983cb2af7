import { Clock, Effect } from 'effect'
import { put } from '../../ports/index-port.ts'
import { Device } from '../device.ts'
import { knownOwnKeys } from '../files/named-content.ts'
import { ROWS_VERSION } from './reconcile.ts'
import { call, IndexPort, LogPort } from '../services.ts'

/**
 * Rows of an older engine as this one means them. A pin was one of bytes then, and is one of a file now: without its row, the
 * mirror would take the pin from the bytes.
 */
export const upgradeRows = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const device = yield* Device
    const log = yield* LogPort
    const engine = yield* call(() => index.get('engine', 'engine'))
    if (engine?.rowsVersion === ROWS_VERSION || engine?.changeCursor === null) return
    const now = yield* Clock.currentTimeMillis
    const pinned = [...device.contents.values()].filter((row) => row.pinned)
    const downloads = [...device.transfers.values()].filter(({ direction }) => direction === 'download')
    const ofPinned = yield* Effect.forEach(pinned, ({ address, storedAs = [] }) =>
      Effect.map(knownOwnKeys(address), (own) => [...own, ...storedAs]),
    )
    const keys = new Set([...downloads.map(({ remoteKey }) => remoteKey), ...ofPinned.flat()])
    const files = yield* call(async () => [...keys].flatMap((key) => log.filesWithContent(key)))
    yield* device.write(
      files.filter(({ deletedAt }) => deletedAt === null).map(({ id }) => put('pins', { id, pinnedAt: now })),
      epoch,
    )
  })
