/** Deletes content that a person discarded, unless something else references it. */
import { addressOfKey, type RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { decision, remove } from '../../ports/local-index.ts'
import { Device } from '../device.ts'
import { hold, holdIfFree } from '../leadership/locks.ts'
import { askSigner } from '../ask-signer.ts'
import { BlobPort, callPort, IndexPort, LogPort } from '../services.ts'
import { isNamed, isNamedInLog, KEEPING, ownKeys } from './named-content.ts'

/**
 * Removes the content of `key` from this disk unless a file or a version of one, removed or not, an event or a transfer names the
 * same bytes. While an add is under way in any tab they stay, since it may reference them next. Bytes that this device
 * uploaded may be referenced by records that it has not received: they are deleted only when the signer confirms that object storage has them.
 */
export const releaseContent = (key: RemoteKey) =>
  Effect.scoped(
    Effect.gen(function* () {
      const address = addressOfKey(key)
      const blobs = yield* BlobPort
      const device = yield* Device
      const index = yield* IndexPort
      const log = yield* LogPort
      // One at a time: a concurrent release would mistake this one for an add.
      yield* hold('releasing', 'exclusive')
      if (!(yield* holdIfFree(KEEPING))) return
      if (yield* isNamedInLog(address, [key])) return
      // No row: an add failed before its index write. Deletes without a write, since the index may be the part that fails.
      if (!(yield* callPort(() => index.get('contents', address)))) return yield* callPort(() => blobs.delete(address))
      const asked = device.contents.get(address)?.storedAs ?? []
      if (!(yield* isStoredStill(asked))) return
      const own = yield* ownKeys(address)
      let isReleased = false
      // The row first: a row without bytes would be a file that cannot be opened.
      yield* device.write([
        decision([{ table: 'contents', key: address }, { table: 'outbox' }, { table: 'transfers' }], (rows) => {
          const storedAs = rows.get('contents', address)?.storedAs ?? []
          const isInLog = [key, ...own, ...storedAs].some((name) => log.filesWithVersion(name).length > 0)
          const isKnown = storedAs.every((name) => asked.includes(name))
          isReleased = isKnown && !isInLog && !isNamed(address, rows.getAll('outbox'), rows.getAll('transfers'))
          return isReleased ? [remove('contents', address)] : []
        }),
      ])
      if (isReleased) yield* callPort(() => blobs.delete(address))
    }),
  )

/** Whether the signer confirms now that object storage has the content under all keys. False when the signer does not respond. */
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
