/** The words for a file's state on this device. */
import type { FileStatus } from 'rockpool'

const SENTENCES = {
  local: 'On this device, waiting to be sent',
  uploading: 'On this device, being sent',
  stored: 'On this device and in storage',
  downloading: 'Coming to this device',
  remote: 'In storage, not on this device yet',
  failed: 'Not sent',
} as const satisfies Record<FileStatus['state'], string>

/** One sentence about where the bytes are; with progress in per cent while they travel. */
export const describeState = (status: FileStatus): string => {
  if (status.state === 'failed') return status.error?.message ?? SENTENCES.failed
  const moving = status.state === 'uploading' || status.state === 'downloading'
  return moving ? `${SENTENCES[status.state]}, ${percentOf(status)} %` : SENTENCES[status.state]
}

/** 0 to 100. */
export const percentOf = (status: FileStatus): number =>
  status.total > 0 ? Math.min(100, Math.round((status.bytes / status.total) * 100)) : 0
