/** The event set of core as LiveStore events. */
import { Events, Schema } from '@livestore/livestore'
import {
  type EventArgs,
  type LegacyEventName,
  packMeta,
  type PoolEvent,
  type PoolEventName,
  unpackMeta,
} from '@rockpool/core/records'

/**
 * An event whose args are taken as they are. LiveStore decodes args before it calls the materializer, and an error there
 * stops sync for every client for good; it also drops fields it does not know. So the schema accepts anything, and
 * `decodeEvent` looks at it inside the materializer.
 */
const event = <Name extends PoolEventName>(name: Name) =>
  Events.synced({
    name,
    schema: Schema.transform(
      Schema.Unknown,
      Schema.declare((_): _ is EventArgs<Name> => true),
      {
        strict: false,
        decode: unpackMeta,
        encode: packMeta,
      },
    ).annotations({ identifier: name }) as unknown as Schema.Schema<EventArgs<Name>>,
  })

/**
 * An event of livestore-filesync. Never committed by this code, and its args pass as they are: a log that old clients share
 * must read the same in all of them.
 */
const legacyEvent = (name: LegacyEventName) =>
  Events.synced({ name, schema: Schema.Unknown.annotations({ identifier: name }) as Schema.Schema<any> })

/** Merge these into the app's own events. Never remove one: old logs hold them. See the schema hash trap in `tables.ts`. */
export const rockpoolEvents = {
  fileAdded: event('v2.FileAdded'),
  fileContentReplaced: event('v2.FileContentReplaced'),
  fileRenamed: event('v2.FileRenamed'),
  fileMetaSet: event('v2.FileMetaSet'),
  fileDeleted: event('v2.FileDeleted'),
  fileRestored: event('v2.FileRestored'),
  contentStored: event('v2.ContentStored'),
  contentLost: event('v2.ContentLost'),
  legacyFileCreated: legacyEvent('v1.FileCreated'),
  legacyFileUpdated: legacyEvent('v1.FileUpdated'),
  legacyFileDeleted: legacyEvent('v1.FileDeleted'),
}

/** An event of core as LiveStore commits it. */
export const toLiveStoreEvent = ({ name, opId, args }: PoolEvent) => ({ name, args: { ...args, opId } })
