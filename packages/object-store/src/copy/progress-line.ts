/** Progress and summary of a copy, as text. */
import type { CopyProgress } from './copy-store.ts'

const WIDTH = 30

/** `[########------]  53 %  1,234 of 2,345 objects  1.2 of 2.3 GiB` */
export const progressLine = (progress: CopyProgress): string => {
  const { objects, bytes, copied, copiedBytes, same, sameBytes, failed } = progress
  const done = copied + same + failed.length
  // Of bytes, and of objects when none has any.
  const part = bytes > 0 ? (copiedBytes + sameBytes) / bytes : objects > 0 ? done / objects : 1
  const filled = Math.min(WIDTH, Math.floor(part * WIDTH))
  const bar = '#'.repeat(filled) + '-'.repeat(WIDTH - filled)
  const percent = String(Math.min(100, Math.floor(part * 100))).padStart(3)
  return `[${bar}] ${percent} %  ${count(done)} of ${count(objects)} objects  ${size(copiedBytes + sameBytes)} of ${size(bytes)}`
}

/** The result of the copy, and the next step when something failed. */
export const summary = (progress: CopyProgress, milliseconds: number): string => {
  const { copied, copiedBytes, resumed, resumedBytes, same, sameBytes, failed } = progress
  const rate = milliseconds > 0 ? ` (${size(((copiedBytes - resumedBytes) / milliseconds) * 1000)}/s)` : ''
  const lines = [
    `Copied         ${count(copied)} objects, ${size(copiedBytes)}, in ${(milliseconds / 1000).toFixed(1)} s${rate}; all verified by hash`,
    `Resumed        ${count(resumed)} objects, ${size(resumedBytes)} of them left by an interrupted copy`,
    `Already there  ${count(same)} objects, ${size(sameBytes)}, same hash`,
    `Failed         ${count(failed.length)}`,
    ...failed.slice(0, 20).map(({ key, reason }) => `  ${key}: ${reason}`),
  ]
  if (failed.length > 20) lines.push(`  … and ${count(failed.length - 20)} more`)
  if (failed.length > 0) lines.push('Run the same command again to retry these objects. Nothing is copied twice.')
  return lines.join('\n')
}

const count = (n: number): string => n.toLocaleString('en')

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

const size = (bytes: number): string => {
  const unit = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** unit
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}
