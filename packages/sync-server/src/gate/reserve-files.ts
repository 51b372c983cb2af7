/** The file quota in the judgement of a push. */
import { isDeleteEvent, type Refusal } from '@rockpool/access'
import type { Reservation } from './file-ledger.ts'
import { type FileUse, NO_USE, plus, quotaRefusal, useOf } from './file-quota.ts'
import type { JudgedEvent } from './judge-push.ts'

/** What all events of a push add, repeats included. */
export const totalUse = (events: readonly JudgedEvent[]): FileUse =>
  events.reduce((sum, { event, args }) => plus(sum, useOf(event.name, args)), NO_USE)

/** Reserves space for one event after the other; notes where one frees space. */
export const reserveFiles =
  (reservation: Reservation) =>
  (name: string, args: unknown): Refusal | undefined => {
    if (isDeleteEvent(name)) reservation.free()
    const exceeded = reservation.reserve(useOf(name, args))
    return exceeded && quotaRefusal(exceeded)
  }
