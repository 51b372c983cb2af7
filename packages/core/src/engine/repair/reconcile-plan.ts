/** What one content is missing on this device, derived from disk, index and log. A pure decision. */

/** What made the device look. */
export type Occasion =
  /** the log has news of the content itself */
  | 'content'
  /** a file that has or had the content changed */
  | 'file'
  /** a pass over everything */
  | 'pass'

export interface KeyFacts {
  /** a live file has the content, or had it: a version is kept */
  readonly isWanted: boolean
  /** a pinned file has the content now */
  readonly isPinned: boolean
  /** uploads under this key are this user's to make */
  readonly mayUpload: boolean
  /** By the log. `lost`: lost since it was last proved, or claimed where nothing is proved. */
  readonly said: 'nothing' | 'claimed' | 'proved' | 'lost'
  /** the row of the bytes on this disk; undefined: they are not here */
  readonly content: { readonly isStored: boolean; readonly isPinned: boolean } | undefined
  /** `proved`: queued, and a receipt came that is newer than all that were known then */
  readonly upload: 'none' | 'queued' | 'proved'
  /** `missing`: the last attempt did not find the content in object storage */
  readonly download: 'none' | 'queued' | 'missing'
}

export type KeyAction =
  /** object storage has the content: the receipt in the log proves it */
  | 'note_stored'
  | 'take_back_stored'
  | 'queue_upload'
  /** The signer is to say whether it is stored, which the first step of an upload does. Nothing is urgent about it. */
  | 'ask_signer'
  /** the bytes are to be sent again, unless another device does it first */
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
  const { content, isWanted, mayUpload, said, upload } = facts
  // Waits for a restore, when the bytes are queued again.
  if (upload !== 'none' && !isWanted) return ['drop_upload', ...planStored(facts)]
  if (upload === 'queued') return said === 'lost' ? planStored(facts) : []
  if (upload === 'proved') return content ? ['drop_upload', ...planStored(facts)] : []
  const stored = planStored(facts)
  if (!content || !isWanted || !mayUpload) return stored
  switch (said) {
    case 'lost':
      return [...stored, 'heal']
    case 'proved':
      return stored
    case 'claimed':
      return content.isStored ? [] : [occasion === 'pass' ? 'ask_signer' : 'queue_upload']
    case 'nothing':
      if (!content.isStored) return ['queue_upload']
      // The log lacks what this device found out: other devices do not know that they can have the content.
      return occasion === 'pass' ? ['ask_signer'] : []
  }
}

/** What the log has with the signer's word counts as found out by this device. */
const planStored = ({ content, said }: KeyFacts): readonly KeyAction[] => {
  if (said === 'proved' && content?.isStored === false) return ['note_stored']
  return said === 'lost' && content?.isStored ? ['take_back_stored'] : []
}

const planDownload = ({ content, download, isPinned, said }: KeyFacts, occasion: Occasion): readonly KeyAction[] => {
  const isQueued = download !== 'none'
  if (!isPinned)
    return [...(content?.isPinned ? ['unpin' as const] : []), ...(isQueued ? ['drop_download' as const] : [])]
  if (content) return [...(content.isPinned ? [] : ['pin' as const]), ...(isQueued ? ['drop_download' as const] : [])]
  // Until its device has stored the content, a download would only fail.
  const isInStorage = said === 'claimed' || said === 'proved'
  if (!isInStorage) return []
  if (!isQueued) return ['queue_download']
  return download === 'missing' && occasion === 'content' ? ['retry_download'] : []
}
