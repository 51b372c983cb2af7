import { parseRemoteKey } from '@rockpool/protocol'

/** Whether an object of this key, once written, always has the same bytes: a content, or the digest list of one. */
export const isImmutable = (key: string): boolean =>
  parseRemoteKey(key.endsWith('.parts') ? key.slice(0, -'.parts'.length) : key) !== undefined
