import { Clock, Effect } from 'effect'
import { put } from '../../ports/local-index.ts'
import { Device } from '../device.ts'
import { knownOwnKeys } from '../files/named-content.ts'
import { ROWS_VERSION } from './reconcile.ts'
import { callPort, IndexPort, LogPort } from '../services.ts'

/**
 * Migrates rows of an older engine. Pins were of content and are of files now: without a row in `pins`, the mirror would
 * unpin the content.
 */
export const upgradeRows = (epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const device = yield* Device
    const log = yield* LogPort
    const engine = yield* callPort(() => index.get('engine', 'engine'))
    if (engine?.rowsVersion === ROWS_VERSION || engine?.changeCursor === null) return
    const now = yield* Clock.currentTimeMillis
    const pinned = [...device.contents.values()].filter((row) => row.pinned)
    const downloads = [...device.transfers.values()].filter(({ direction }) => direction === 'download')
    const ofPinned = yield* Effect.forEach(pinned, ({ address, storedAs = [] }) =>
      Effect.map(knownOwnKeys(address), (own) => [...own, ...storedAs]),
    )
    const keys = new Set([...downloads.map(({ remoteKey }) => remoteKey), ...ofPinned.flat()])
    const files = yield* callPort(async () => [...keys].flatMap((key) => log.filesWithContent(key)))
    yield* device.write(
      files.filter(({ deletedAt }) => deletedAt === null).map(({ id }) => put('pins', { id, pinnedAt: now })),
      epoch,
    )
  })
