/** Bytes on this disk that are not those of their address. They are never served or sent again. */
import { addressOfKey, OCTET_STREAM, type RemoteKey } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import { remove } from '../../ports/index-port.ts'
import { Device } from '../device.ts'
import { BlobPort, call } from '../services.ts'
import { queued } from '../transfers/enqueue.ts'

/**
 * Moves damaged bytes aside and takes the content from the index. A pinned one comes again by itself, if object storage has it.
 * The damaged bytes stay on the disk until then: they may be all that is left.
 */
export const quarantine = (key: RemoteKey) =>
  Effect.gen(function* () {
    const address = addressOfKey(key)
    const blobs = yield* BlobPort
    const device = yield* Device
    const now = yield* Clock.currentTimeMillis
    const content = device.contents.get(address)
    // Bytes first: a row without them is noticed by whoever reads.
    yield* call(() => blobs.quarantine(address))
    const again = content?.pinned
      ? [queued('download', { remoteKey: key, size: content.size, type: content.type ?? OCTET_STREAM }, now)]
      : []
    yield* device.write([remove('contents', address), ...again])
  })
