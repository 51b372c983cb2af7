/** Webhooks that check files: they get a URL of the held content, and their response may decide. */
import { addressOfKey, type RemoteKey, type StoreId } from '@rockpool/protocol'
import type { FileEvent, StoredFile } from '@rockpool/sync-server'
import type { HookChecks } from '../events/webhooks/deliveries.ts'
import { withContent } from '../rest/file-at.ts'
import type { ReadableLogs } from '../rest/services.ts'
import type { HoldKeeper } from './hold-keeper.ts'
import type { Holds } from './holds.ts'

export interface HookChecksOptions {
  /** buckets that hold */
  readonly buckets: readonly string[]
  readonly holds: Pick<Holds, 'stateOf'>
  readonly decideHeld: HoldKeeper['decideHeld']
  readonly logs: ReadableLogs
  /** a URL of the file's content although it is held; undefined: this server signs no URLs */
  readonly signHeld: (storeId: StoreId, file: StoredFile) => string | undefined
}

export const hookChecks = ({ buckets, holds, decideHeld, logs, signHeld }: HookChecksOptions): HookChecks => ({
  buckets,
  describe: async (storeId, { bucket, remoteKey, fileId, kind }) => {
    if (kind === 'deleted' || !buckets.includes(bucket) || (await holds.stateOf(remoteKey)) !== 'held') return undefined
    const { readModel } = await logs.open(storeId)
    const current = await readModel.file(fileId)
    if (!current || current.deletedAt !== null) return undefined
    // Content that was replaced since is a version that users may still read.
    const file = await withContent(readModel, current, (key) => key === remoteKey)
    if (!file) return undefined
    const url = signHeld(storeId, file)
    return {
      held: true,
      size: file.size,
      content_type: file.type,
      content_address: addressOfKey(file.remoteKey),
      ...(url !== undefined && { download_url: url }),
    }
  },
  respond: async ({ bucket, remoteKey }: FileEvent, response) => {
    const release = releaseOf(response)
    if (release === undefined) return
    // Another webhook, an administrator or the end of the wait may have decided since the request was sent.
    await decideHeld(bucket, remoteKey as RemoteKey, release ? 'released' : 'refused')
  },
})

/** undefined: the receiver decides later, by a call of the REST API. */
const releaseOf = (response: unknown): boolean | undefined => {
  const release = (response as { readonly release?: unknown } | null | undefined)?.release
  return typeof release === 'boolean' ? release : undefined
}
