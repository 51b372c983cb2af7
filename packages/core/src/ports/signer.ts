import type { SyncStatusSource } from '../sync/sync-status.ts'
import type {
  DownloadUrl,
  DownloadUrlRequest,
  MultipartAbortRequest,
  MultipartCompleteRequest,
  MultipartPartsRequest,
  MultipartRequest,
  MultipartUpload,
  SignedParts,
  StoredContent,
  UploadUrl,
  UploadUrlRequest,
  UploadUrls,
  UploadUrlsRequest,
} from '@rockpool/protocol'

/** With all digests, so that the signer can verify them; an adapter may omit them when the signer still has them. */
export type SignPartsRequest = Required<MultipartPartsRequest>

/**
 * Client of the signer HTTP contract, v1. Every call rejects with a RockpoolError: one of the contract's codes, `offline`
 * when the signer cannot be reached, or `aborted`.
 *
 * Adapters: `fetchSigner`; in-memory. Acceptance suite: `signerSuite`.
 */
export interface Signer {
  /** Whether the signer could be reached with the last call, and why not. `online` when not given. */
  readonly status?: SyncStatusSource
  downloadUrl(request: DownloadUrlRequest, signal?: AbortSignal): Promise<DownloadUrl>
  uploadUrl(request: UploadUrlRequest, signal?: AbortSignal): Promise<UploadUrl>
  /** As `uploadUrl` for each of at most {@link BATCH_LIMIT} items, in their order. A bad item fails alone. */
  uploadUrls(request: UploadUrlsRequest, signal?: AbortSignal): Promise<UploadUrls>
  /** Starts a multipart upload or, given an uploadId, resumes it. */
  startMultipart(request: MultipartRequest, signal?: AbortSignal): Promise<MultipartUpload>
  signParts(request: SignPartsRequest, signal?: AbortSignal): Promise<SignedParts>
  completeMultipart(request: MultipartCompleteRequest, signal?: AbortSignal): Promise<StoredContent>
  abortMultipart(request: MultipartAbortRequest, signal?: AbortSignal): Promise<void>
}
