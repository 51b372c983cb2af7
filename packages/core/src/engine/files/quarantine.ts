/** Bytes on this disk that are not those of their address. They are never served or sent again. */
import type { ContentAddress, RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { remove } from '../../ports/index-port.ts'
import { Device } from '../device.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { BlobPort, call } from '../services.ts'
import { knownOwnKeys } from './named-content.ts'

/**
 * Moves damaged bytes aside and takes the content from the index. A pinned one comes again by itself, if object storage has it.
 * The damaged bytes stay on the disk until then: they may be all that is left.
 *
 * @param keys under which files may have the content, beside this user's own and those under which object storage has it: a
 *   pinned file in another bucket has lost the same bytes
 */
export const quarantine = (address: ContentAddress, keys: readonly RemoteKey[]) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const device = yield* Device
    const own = yield* knownOwnKeys(address)
    const named = new Set([...keys, ...own, ...(device.contents.get(address)?.storedAs ?? [])])
    // Bytes first: a row without them is noticed by whoever reads.
    yield* call(() => blobs.quarantine(address))
    yield* device.write([remove('contents', address), ...(yield* reconcileKeys(named, { occasion: 'file' }))])
  })
