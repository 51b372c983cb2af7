/** Single transfers, for engines and service workers. No Effect. */
export { abortable, withDeadline } from '../../promises.ts'
export {
  type Activity,
  activityChannel,
  type ActivityMessage,
  type ActivityReport,
  reportActivity,
} from './activity.ts'
export { contentRow, downloadedRows, type KnownContent, refetchPinned } from '../rows.ts'
export { downloadRange, type RangeDownload, type RangeOptions } from './download-range.ts'
export type { VerifyMode } from './range-plan.ts'
export { type Download, download, type DownloadOptions, type DownloadPorts } from './download.ts'
export { readPart } from './disk-parts.ts'
export { sizeMismatch } from './download-errors.ts'
export { clearQuarantine } from './clear-quarantine.ts'
export { isMissingContent, suspectContent } from '../repair/suspect-content.ts'
export { browserSend, type Send, sendByFetch } from './http.ts'
export { type Upload, upload, type UploadOptions, type UploadPorts, type UploadResult } from './upload.ts'
