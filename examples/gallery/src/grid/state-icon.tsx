import { Cloud, CloudAlert, CloudCheck, CloudDownload, CloudUpload, Smartphone } from 'lucide-react'
import type { FileState, FileStatus } from 'rockpool'
import { describeState } from '../file-state.ts'

const ICONS = {
  local: Smartphone,
  uploading: CloudUpload,
  stored: CloudCheck,
  downloading: CloudDownload,
  remote: Cloud,
  failed: CloudAlert,
} as const satisfies Record<FileState, unknown>

/** A file's state as a small sign; the words are in its title. */
export const StateIcon = ({ status }: { readonly status: FileStatus }) => {
  const Icon = ICONS[status.state]
  return (
    <span className="state" data-state={status.state} title={describeState(status)}>
      <Icon size={15} aria-hidden="true" />
    </span>
  )
}
