/** Events of files for tests. */
import { packMeta, type PoolEvent } from '@rockpool/core/records'
import { formatReceipt, type RemoteKey } from '@rockpool/protocol'
import type { LogEvent } from '../event-log/event.ts'

/** Another content for each text. */
export const fileKey = (text: string, bucket = 'files'): RemoteKey => {
  const hex = Array.from(text, (character) => character.codePointAt(0)!.toString(16)).join('')
  return `shop/${bucket}/${hex.padStart(64, '0').slice(-64)}` as RemoteKey
}

type Fields = Omit<Extract<PoolEvent, { readonly name: 'v2.FileAdded' }>['args'], 'id'>

export const added = (id: string, fields: Partial<Fields> = {}): PoolEvent => {
  const defaults = { name: id, type: 'image/jpeg', size: 3, remoteKey: fileKey(id), meta: {}, at: 1 }
  return { name: 'v2.FileAdded', opId: `add ${id}`, args: { id, ...defaults, ...fields } }
}

/** The event as a client pushes it, without its number. */
export const toLogEvent = ({ name, opId, args }: PoolEvent): Omit<LogEvent, 'seqNum'> => ({
  name,
  argsJson: JSON.stringify(packMeta({ ...args, opId })),
  clientId: 'c',
  sessionId: 's',
})

export const renamed = (id: string, name: string, at: number): PoolEvent => ({
  name: 'v2.FileRenamed',
  opId: `rename ${id} ${name}`,
  args: { id, name, at },
})
export const metaSet = (id: string): PoolEvent => ({
  name: 'v2.FileMetaSet',
  opId: `meta ${id}`,
  args: { id, meta: { a: 1 }, at: 3 },
})
export const deleted = (id: string, at = 4): PoolEvent => ({
  name: 'v2.FileDeleted',
  opId: `delete ${id} ${at}`,
  args: { id, at },
})
export const restored = (id: string): PoolEvent => ({
  name: 'v2.FileRestored',
  opId: `restore ${id}`,
  args: { id, at: 5 },
})
export const contentStored = (
  opId: string,
  remoteKey: RemoteKey,
  more: { readonly etag?: string; readonly receipt?: string } = {},
): PoolEvent => ({ name: 'v2.ContentStored', opId, args: { remoteKey, ...more } })

/** Of a signer who saw the content at `at`. */
export const receiptOf = (at: number) => formatReceipt({ size: 3, at }, `${'r'.repeat(42)}A`)

export const replaced = (id: string, content: number, basedOn: RemoteKey): PoolEvent => ({
  name: 'v2.FileContentReplaced',
  opId: `replace ${id} ${content}`,
  args: { id, remoteKey: fileKey(`${id} ${content}`), size: content, type: 'image/png', basedOn, at: 5 },
})
