/** Giving the disk back what a person discarded, if nothing else needs it. */
import { addressOfKey, type RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { remove } from '../../ports/index-port.ts'
import { Device } from '../device.ts'
import { hold, holdIfFree } from '../locks.ts'
import { askSigner } from '../ask-signer.ts'
import { BlobPort, call, IndexPort } from '../services.ts'
import { isNamed, isNamedInLog } from './named-content.ts'
import { KEEPING } from './store-content.ts'

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
      // One at a time: the next one would take this one for an add.
      yield* hold('releasing', 'exclusive')
      if (!(yield* holdIfFree(KEEPING))) return
      if (yield* isNamedInLog(address, [key])) return
      const [outbox, transfers] = yield* call(() => Promise.all([index.getAll('outbox'), index.getAll('transfers')]))
      if (isNamed(address, outbox, transfers)) return
      if (!(yield* isStoredStill(device.contents.get(address)?.storedAs ?? []))) return
      // The row first: one without its bytes would be a file that cannot be opened.
      yield* device.write([remove('contents', address)])
      yield* call(() => blobs.delete(address))
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
