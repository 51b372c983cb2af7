/** The words for a file's state on this device. */
import type { FileStatus } from 'rockpool'
import { formatBytes, formatDuration } from './file-facts.ts'

const SENTENCES = {
  local: 'On this device, waiting to be sent',
  uploading: 'On this device, being sent',
  stored: 'On this device and in storage',
  downloading: 'Coming to this device',
  remote: 'In storage, not on this device yet',
  failed: 'Not sent',
} as const satisfies Record<FileStatus['state'], string>

/** One sentence about where the bytes are; with per cent, speed and the time that is left while they travel. */
export const describeState = (status: FileStatus): string => {
  if (status.state === 'failed') return status.error?.message ?? SENTENCES.failed
  const moving = status.state === 'uploading' || status.state === 'downloading'
  return moving
    ? [SENTENCES[status.state], `${percentOf(status)} %`, ...paceOf(status)].join(', ')
    : SENTENCES[status.state]
}

const paceOf = ({ bytesPerSecond, remainingMs }: FileStatus): readonly string[] =>
  bytesPerSecond && remainingMs !== null
    ? [`${formatBytes(bytesPerSecond)}/s`, `${formatDuration(remainingMs / 1_000)} left`]
    : []

/** 0 to 100. */
export const percentOf = (status: FileStatus): number =>
  status.total > 0 ? Math.min(100, Math.round((status.bytes / status.total) * 100)) : 0
