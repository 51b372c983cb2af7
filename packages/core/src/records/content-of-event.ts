import type { RemoteKey } from '@rockpool/protocol'
import type { PoolEvent } from './events.ts'

/** The content that the event gives to a file. */
export const contentOfEvent = (event: PoolEvent): RemoteKey | undefined =>
  event.name === 'v2.FileAdded' || event.name === 'v2.FileContentReplaced' ? event.args.remoteKey : undefined
