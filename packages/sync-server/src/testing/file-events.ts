/** Events of files for tests. */
import { packMeta, type PoolEvent } from '@rockpool/core/records'
import type { RemoteKey } from '@rockpool/protocol'
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
