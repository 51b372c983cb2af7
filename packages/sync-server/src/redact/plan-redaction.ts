/** What a redaction changes beside the event: decided from the events of the whole log. Pure, but for the opIds. */
import { packMeta, type RecordEvent } from '@rockpool/core/records'
import type { LogEvent, StoredEvent } from '../event-log/event.ts'
import { decodeStored } from '../read-model/project.ts'
import { type Compensation, compensate } from './compensate.ts'
import { serverIds } from './redaction.ts'
import { createReplay } from './replay.ts'

export interface RedactionPlan {
  /** Takes the events of the log in order, the original included. */
  take(events: Iterable<StoredEvent>): void
  /**
   * @param head of the log
   * @param at time of the redaction, in ms
   */
  finish(head: number, at: number): RedactionEffects
}

export interface RedactionEffects {
  /** the log has no such file any more */
  readonly removesFile: boolean
  /** events behind the head that undo the original on the devices that applied it */
  readonly compensating: readonly LogEvent[]
}

export const planRedaction = (original: StoredEvent): RedactionPlan => {
  const event = decodeReadable(original)
  const replay = event && createReplay({ seqNum: original.seqNum, event })
  return {
    take: (events) => {
      if (!replay) return
      for (const origin of events) {
        const decoded = decodeReadable(origin)
        if (decoded) replay.take({ seqNum: origin.seqNum, event: decoded })
      }
    },
    finish: (head, at) => {
      if (!replay) return { removesFile: false, compensating: [] }
      const { applied, redacted } = replay.records()
      return {
        removesFile: applied.file !== undefined && redacted.file === undefined,
        compensating: compensate(applied, redacted, at).map((each, index) =>
          toLogEvent(each, head, index, original.seqNum),
        ),
      }
    },
  }
}

/** An event whose args are no JSON text has no meaning on any device; the read model records it as a failure. */
const decodeReadable = (event: StoredEvent): RecordEvent | undefined => {
  try {
    return decodeStored(event)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const toLogEvent = ({ name, args }: Compensation, head: number, index: number, redacted: number): LogEvent => ({
  name,
  // Random: whoever knew the opId in advance could use it up.
  argsJson: JSON.stringify({ ...(packMeta(args) as object), opId: crypto.randomUUID() }),
  seqNum: head + 1 + index,
  ...serverIds(redacted, 1 + index),
})
