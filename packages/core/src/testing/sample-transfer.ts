import type { RemoteKey } from '@rockpool/protocol'
import type { TransferRow } from '../ports/local-index.ts'

/** An upload of 1 byte that waits for its turn. */
export const sampleTransfer = (name: string, over: Partial<TransferRow> = {}): TransferRow => ({
  id: name,
  direction: 'upload',
  remoteKey: name as RemoteKey,
  size: 1,
  type: 'text/plain',
  state: 'waiting',
  attempts: 0,
  notBefore: 0,
  error: null,
  uploadId: null,
  createdAt: 0,
  ...over,
})
