/** Bytes on this disk that are not those of their address. They are never served or sent again. */
import type { ContentAddress, RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { remove } from '../../ports/local-index.ts'
import { Device } from '../device.ts'
import { learnContent } from '../repair/learn-content.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { BlobPort, callPort } from '../services.ts'
import { knownOwnKeys } from './named-content.ts'

/**
 * Moves damaged bytes aside and removes the content from the index. Pinned content is downloaded again, if object storage has it.
 * The damaged bytes stay on the disk until then: they may be the only copy.
 *
 * @returns `intact` when another tab has stored the content again since the damage was seen: then nothing changes
 * @param keys under which files may have the content, beside this user's own and those under which object storage has it: a
 *   pinned file in another bucket has lost the same bytes
 */
export const quarantine = (address: ContentAddress, keys: readonly RemoteKey[]) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const device = yield* Device
    const own = yield* knownOwnKeys(address)
    const named = new Set([...keys, ...own, ...(device.contents.get(address)?.storedAs ?? [])])
    // Bytes first: a row without bytes is noticed by the next read, and by `repair/finish-quarantines.ts`.
    const left = yield* callPort(() => blobs.quarantine(address))
    if (left === 'intact') return left
    yield* device.write([remove('contents', address), ...(yield* reconcileKeys(named, { occasion: 'file' }))])
    // Another tab may have stored the content, and its row, between the two steps.
    yield* learnContent(address)
    return left
  })
