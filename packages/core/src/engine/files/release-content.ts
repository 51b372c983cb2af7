/** Giving the disk back what a person discarded, if nothing else needs it. */
import { addressOfKey, type RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { decision, remove } from '../../ports/index-port.ts'
import { Device } from '../device.ts'
import { hold, holdIfFree } from '../leadership/locks.ts'
import { askSigner } from '../ask-signer.ts'
import { BlobPort, call, IndexPort, LogPort } from '../services.ts'
import { isNamed, isNamedInLog, KEEPING, ownKeys } from './named-content.ts'

/**
 * Removes the content of `key` from this disk unless a file or a version of one, removed or not, an event or a transfer names the
 * same bytes. While an add is under way in some tab they stay, since it may be about to name them. Bytes that this device once
 * uploaded may be named by records that it has not received: they go only when the signer says that object storage has them.
 */
export const releaseContent = (key: RemoteKey) =>
  Effect.scoped(
    Effect.gen(function* () {
      const address = addressOfKey(key)
      const blobs = yield* BlobPort
      const device = yield* Device
      const index = yield* IndexPort
      const log = yield* LogPort
      // One at a time: the next one would take this one for an add.
      yield* hold('releasing', 'exclusive')
      if (!(yield* holdIfFree(KEEPING))) return
      if (yield* isNamedInLog(address, [key])) return
      // Written by an add that failed before the index named it. An index that cannot be written must not keep them.
      if (!(yield* call(() => index.get('contents', address)))) return yield* call(() => blobs.delete(address))
      const asked = device.contents.get(address)?.storedAs ?? []
      if (!(yield* isStoredStill(asked))) return
      const own = yield* ownKeys(address)
      let isReleased = false
      // The row first: one without its bytes would be a file that cannot be opened.
      yield* device.write([
        decision([{ table: 'contents', key: address }, { table: 'outbox' }, { table: 'transfers' }], (rows) => {
          const storedAs = rows.get('contents', address)?.storedAs ?? []
          const isInLog = [key, ...own, ...storedAs].some((name) => log.filesWithVersion(name).length > 0)
          const isKnown = storedAs.every((name) => asked.includes(name))
          isReleased = isKnown && !isInLog && !isNamed(address, rows.getAll('outbox'), rows.getAll('transfers'))
          return isReleased ? [remove('contents', address)] : []
        }),
      ])
      if (isReleased) yield* call(() => blobs.delete(address))
    }),
  )

/** Whether object storage has the content under all of these keys, as the signer says now. When it cannot be asked: no. */
const isStoredStill = (keys: readonly RemoteKey[]) =>
  Effect.gen(function* () {
    for (const key of keys) {
      const found = yield* Effect.either(
        askSigner((signer, signal) => signer.downloadUrl({ key, check: true }, signal)),
      )
      if (found._tag === 'Left') return false
    }
    return true
  })
