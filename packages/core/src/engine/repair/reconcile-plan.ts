/** Reconciliation of one key: what is missing on this device, derived from disk, index and log. Pure. */

/** What triggered the reconciliation. */
export type Occasion =
  /** the log has news of the content itself */
  | 'content'
  /** a file that has or had the content changed */
  | 'file'
  /** this device has downloaded the content */
  | 'download'
  /** a pass over everything */
  | 'pass'

export interface KeyFacts {
  /** a live file has the content, or had it: a version is kept */
  readonly isWanted: boolean
  /** a pinned file has the content now */
  readonly isPinned: boolean
  /** uploads under this key are this user's to make */
  readonly mayUpload: boolean
  /** by the log; `lost`: lost since the last proof, or since the last claim where there is no proof */
  readonly logState: 'nothing' | 'claimed' | 'proved' | 'lost'
  /** the row of the bytes on this disk; undefined: they are not here */
  readonly content: { readonly isStored: boolean; readonly isPinned: boolean } | undefined
  /** `proved`: queued, and a newer receipt has come since */
  readonly upload: 'none' | 'queued' | 'proved'
  /** `missing`: the last attempt did not find the content in object storage */
  readonly download: 'none' | 'queued' | 'missing'
}

export type KeyAction =
  /** object storage has the content: the receipt in the log proves it */
  | 'record_stored'
  | 'clear_stored'
  | 'queue_upload'
  /** check with the signer, by the first step of an upload; not urgent */
  | 'ask_signer'
  /** upload the content again, unless another device does it first */
  | 'heal'
  | 'drop_upload'
  | 'queue_download'
  | 'retry_download'
  | 'drop_download'
  | 'pin'
  | 'unpin'

export const planKey = (facts: KeyFacts, occasion: Occasion): readonly KeyAction[] => [
  ...planUpload(facts, occasion),
  ...planDownload(facts, occasion),
]

const planUpload = (facts: KeyFacts, occasion: Occasion): readonly KeyAction[] => {
  const { content, isWanted, mayUpload, logState, upload } = facts
  // A restore queues the upload again.
  if (upload !== 'none' && !isWanted) return ['drop_upload', ...planStored(facts)]
  if (upload === 'queued') return logState === 'lost' ? planStored(facts) : []
  if (upload === 'proved') return content ? ['drop_upload', ...planStored(facts)] : []
  const stored = planStored(facts)
  if (!content || !isWanted || !mayUpload) return stored
  switch (logState) {
    case 'lost':
      return [...stored, 'heal']
    case 'proved':
      return stored
    case 'claimed':
      return content.isStored ? [] : [occasion === 'pass' ? 'ask_signer' : 'queue_upload']
    case 'nothing':
      if (!content.isStored) return ['queue_upload']
      // The log lacks what this device has verified, and other devices wait for the event. Where a file or the log has just
      // changed, it may be on its way.
      return occasion === 'pass' || occasion === 'download' ? ['ask_signer'] : []
  }
}

/** A proof in the log counts as verified by this device. */
const planStored = ({ content, logState }: KeyFacts): readonly KeyAction[] => {
  if (logState === 'proved' && content?.isStored === false) return ['record_stored']
  return logState === 'lost' && content?.isStored ? ['clear_stored'] : []
}

const planDownload = (
  { content, download, isPinned, logState }: KeyFacts,
  occasion: Occasion,
): readonly KeyAction[] => {
  const isQueued = download !== 'none'
  if (!isPinned)
    return [...(content?.isPinned ? ['unpin' as const] : []), ...(isQueued ? ['drop_download' as const] : [])]
  if (content) return [...(content.isPinned ? [] : ['pin' as const]), ...(isQueued ? ['drop_download' as const] : [])]
  // Before the content is stored a download would only fail.
  const isInStorage = logState === 'claimed' || logState === 'proved'
  if (!isInStorage) return []
  if (!isQueued) return ['queue_download']
  return download === 'missing' && occasion === 'content' ? ['retry_download'] : []
}
