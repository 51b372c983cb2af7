/** How many files a store and a user may have, and their bytes. Pure. */
import type { Refusal } from '@rockpool/access'
import type { QuotaUsage } from '@rockpool/protocol'

/** No limit where it is not set. Deleted files do not count; the former versions of others do. */
export interface FileQuota {
  readonly storeBytes?: number
  readonly storeFiles?: number
  /** of the files that one user has added to a store */
  readonly userBytes?: number
  readonly userFiles?: number
}

export interface FileUse {
  readonly files: number
  readonly bytes: number
}

export interface FilesInUse {
  readonly store: FileUse
  /** of the files that one user has added */
  readonly user: FileUse
}

export const NO_USE: FileUse = { files: 0, bytes: 0 }

export const isNoUse = ({ files, bytes }: FileUse): boolean => files === 0 && bytes === 0

export const plus = (a: FileUse, b: FileUse): FileUse => ({ files: a.files + b.files, bytes: a.bytes + b.bytes })

export const minus = (a: FileUse, b: FileUse): FileUse => ({ files: a.files - b.files, bytes: a.bytes - b.bytes })

/** What an event adds. A restored file is counted afterwards: its event does not say how large it is. */
export const useOf = (name: string, args: unknown): FileUse => {
  const { size } = (args ?? {}) as { readonly size?: unknown }
  if (typeof size !== 'number' || !(size >= 0)) return NO_USE
  if (name === 'v2.FileAdded') return { files: 1, bytes: size }
  return name === 'v2.FileContentReplaced' ? { files: 0, bytes: size } : NO_USE
}

/** The first limit that `more` would break; undefined: it fits. What is over a limit already may stay. */
export const exceededBy = (
  { storeBytes, storeFiles, userBytes, userFiles }: FileQuota,
  used: FilesInUse,
  more: FileUse,
): QuotaUsage | undefined => {
  const limits = [
    { of: 'user', unit: 'bytes', limit: userBytes },
    { of: 'user', unit: 'files', limit: userFiles },
    { of: 'store', unit: 'bytes', limit: storeBytes },
    { of: 'store', unit: 'files', limit: storeFiles },
  ] as const
  for (const { of, unit, limit } of limits) {
    if (limit !== undefined && more[unit] > 0 && used[of][unit] + more[unit] > limit) {
      return { of, unit, used: used[of][unit], limit }
    }
  }
  return undefined
}

/** For people. */
export const quotaMessage = ({ of, unit, used, limit }: QuotaUsage): string => {
  const whose = of === 'store' ? 'This store is full' : 'Your space in this store is full'
  const remedy =
    of === 'store' ? 'Delete files, or ask its operator for more.' : 'Delete files of yours, or ask for more.'
  return `${whose}: ${figure(used)} of ${figure(limit)} ${unit} are used. ${remedy}`
}

export const quotaRefusal = (usage: QuotaUsage): Refusal => ({
  code: 'quota_exceeded',
  message: quotaMessage(usage),
  usage,
})

const figure = (value: number): string => value.toLocaleString('en-US')
