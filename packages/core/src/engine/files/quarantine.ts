/** Bytes on this disk that are not those of their address. They are never served or sent again. */
import { addressOfKey, type RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { remove } from '../../ports/index-port.ts'
import { Device } from '../device.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { BlobPort, call } from '../services.ts'

/**
 * Moves damaged bytes aside and takes the content from the index. A pinned one comes again by itself, if object storage has it.
 * The damaged bytes stay on the disk until then: they may be all that is left.
 */
export const quarantine = (key: RemoteKey) =>
  Effect.gen(function* () {
    const address = addressOfKey(key)
    const blobs = yield* BlobPort
    const device = yield* Device
    // Bytes first: a row without them is noticed by whoever reads.
    yield* call(() => blobs.quarantine(address))
    yield* device.write([remove('contents', address), ...(yield* reconcileKeys([key], { occasion: 'file' }))])
  })
