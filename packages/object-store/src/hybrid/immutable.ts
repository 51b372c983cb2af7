import { contentKeyOf, parseRemoteKey } from '@rockpool/protocol'

/** Whether an object of this key never changes: content, or the digest list of content. */
export const isImmutable = (key: string): boolean => parseRemoteKey(contentKeyOf(key)) !== undefined
