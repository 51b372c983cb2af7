/** Bytes on this disk that are not those of their address. They are never served or sent again. */
import type { ContentAddress, RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { remove } from '../../ports/index-port.ts'
import { Device } from '../device.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { BlobPort, call } from '../services.ts'

/**
 * Moves damaged bytes aside and takes the content from the index. A pinned one comes again by itself, if object storage has it.
 * The damaged bytes stay on the disk until then: they may be all that is left.
 *
 * @param keys under which files may have the content
 */
export const quarantine = (address: ContentAddress, keys: readonly RemoteKey[]) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const device = yield* Device
    // Bytes first: a row without them is noticed by whoever reads.
    yield* call(() => blobs.quarantine(address))
    yield* device.write([remove('contents', address), ...(yield* reconcileKeys(keys, { occasion: 'file' }))])
  })
