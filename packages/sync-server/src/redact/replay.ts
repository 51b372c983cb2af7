/** The records that one event is about, with it and without it, from the whole log. */
import {
  applyEvent,
  type FileRecord,
  type FileVersion,
  type PoolEvent,
  type RecordState,
  type RemoteContent,
} from '@rockpool/core/records'
import type { Records } from './compensate.ts'

export interface NumberedEvent {
  readonly seqNum: number
  readonly event: PoolEvent
}

/**
 * @param subject the event that may be left out
 * @param events all of the log, in order; those that clients ignore may be missing
 */
export const replayWithAndWithout = (
  subject: NumberedEvent,
  events: Iterable<NumberedEvent>,
): { readonly applied: Records; readonly redacted: Records } => {
  const [applied, redacted] = [createReplica(subject.event), createReplica(subject.event)]
  for (const { seqNum, event } of events) {
    applied.apply(event)
    if (seqNum !== subject.seqNum) redacted.apply(event)
  }
  return { applied: applied.records(), redacted: redacted.records() }
}

/** What a device knows of one file, or of one content. Other events only use up their opIds. */
const createReplica = ({ args }: PoolEvent) => {
  const operations = new Set<string>()
  const versions = new Map<string, FileVersion>()
  let file: FileRecord | undefined
  let content: RemoteContent | undefined
  const state: RecordState = {
    applied: (opId) => operations.has(opId),
    file: (id) => ('id' in args && id === args.id ? file : undefined),
    version: (id) => versions.get(id),
    remoteContent: (key) => ('id' in args || key !== args.remoteKey ? undefined : content),
  }
  return {
    records: (): Records => ({ file, content }),
    apply: (event: PoolEvent) => {
      for (const change of applyEvent(state, event)) {
        if (change.table === 'operations') operations.add(change.row.opId)
        else if (change.table === 'versions') versions.set(change.row.id, change.row)
        else if (change.table === 'remoteContents') content = change.row
        else file = change.row
      }
    },
  }
}
