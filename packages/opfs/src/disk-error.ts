/** What the browser's DOMExceptions mean to a person. */
import { isRockpoolError, RockpoolError } from '@rockpool/protocol'

/**
 * A RockpoolError for whatever OPFS or IndexedDB threw; RockpoolErrors pass through.
 *
 * `NS_ERROR_FILE_NO_DEVICE_SPACE` is what Firefox names a full disk.
 */
export const diskError = (error: unknown): RockpoolError => {
  if (isRockpoolError(error)) return error
  const name = error instanceof Error ? error.name : ''
  if (name === 'QuotaExceededError' || name === 'NS_ERROR_FILE_NO_DEVICE_SPACE') return quotaExceeded(error)
  if (name === 'NotSupportedError' || name === 'SecurityError') return unsupported('The browser refused it.', error)
  const reason = error instanceof Error ? error.message : String(error)
  return new RockpoolError('disk_failed', `Reading or writing this device's disk failed. Try again. (${reason})`, {
    cause: error,
  })
}

export const quotaExceeded = (cause: unknown): RockpoolError =>
  new RockpoolError(
    'quota_exceeded',
    'This device has no room left for the file. Remove files that are not needed here, or free space on the device, and try again.',
    { cause },
  )

export const unsupported = (what: string, cause?: unknown): RockpoolError =>
  new RockpoolError(
    'unsupported',
    `This browser cannot keep files on this device. Use a current browser, over https, outside of private mode. (${what})`,
    { cause },
  )

/** Whether a lookup failed because there is no such entry. */
export const isMissing = (error: unknown): boolean =>
  error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'TypeMismatchError')
