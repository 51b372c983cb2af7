/** The records that one event is about, with it and without it, from the whole log. */
import {
  applyEvent,
  type FileRecord,
  type FileVersion,
  type RecordChange,
  type RecordEvent,
  type RecordState,
  type RemoteContent,
} from '@rockpool/core/records'
import type { Records } from './compensate.ts'

export interface NumberedEvent {
  readonly seqNum: number
  readonly event: RecordEvent
}

export interface Replay {
  /** Takes the events of the whole log in order; those that clients ignore may be missing. */
  take(event: NumberedEvent): void
  /** the records of a device that applied the subject, and of one that did not */
  records(): { readonly applied: Records; readonly redacted: Records }
}

/** @param subject the event that may be left out */
export const createReplay = (subject: NumberedEvent): Replay => {
  const [applied, redacted] = [createReplica(subject.event), createReplica(subject.event)]
  return {
    take: ({ seqNum, event }) => {
      applied.apply(event)
      if (seqNum !== subject.seqNum) redacted.apply(event)
    },
    records: () => ({ applied: applied.records(), redacted: redacted.records() }),
  }
}

/** What a device knows of one file, or of one content. Events of others only use up their opIds. */
const createReplica = ({ args }: RecordEvent) => {
  const isSubject = (idOrKey: string) => idOrKey === ('id' in args ? args.id : args.remoteKey)
  const operations = new Set<string>()
  const versions = new Map<string, FileVersion>()
  let file: FileRecord | undefined
  let content: RemoteContent | undefined
  const state: RecordState = {
    applied: (opId) => operations.has(opId),
    file: (id) => (isSubject(id) ? file : undefined),
    version: (id) => versions.get(id),
    remoteContent: (key) => (isSubject(key) ? content : undefined),
  }
  const take = (change: RecordChange): void => {
    if (change.table === 'operations') operations.add(change.row.opId)
    else if (change.table === 'files' && isSubject(change.row.id)) file = change.row
    else if (change.table === 'versions' && isSubject(change.row.fileId)) versions.set(change.row.id, change.row)
    else if (change.table === 'remoteContents' && isSubject(change.row.remoteKey)) content = change.row
  }
  return {
    records: (): Records => ({ file, content }),
    apply: (event: RecordEvent) => applyEvent(state, event).forEach(take),
  }
}
