/**
 * Turns among devices that push to one store at the same time.
 *
 * A push has to stand at the head of the log. A device that lost a race applies what came first and pushes again; a slow
 * device would lose to quick ones until these push no more. So a device that lost twice in a row has the next turn: the
 * pushes of others wait until it has used the turn, at most {@link TURN_MS}, and then each of them has a turn in the order
 * in which it came. A push that waits costs no work; one that is too early costs a conflict.
 */
import type { StoreId } from '@rockpool/protocol'
import type { Clock } from '../clock.ts'

/** A device applies the events of a conflict in tens of ms; a slow one on a slow line in hundreds. */
export const TURN_MS = 1_000
/** Conflicts in a row after which a device has a turn. */
const LOSSES = 2
const MAX_LOSERS = 1_000
/** Pushes that wait for their turn. All of them wait less than a client waits for a response (20 s). */
const MAX_WAITING = 16
/** A device that did not use its turn has no other one for this time: it must not delay the others again and again. */
const UNUSED_TURN_MS = 30_000

/** One push, from its turn to its end. */
export interface Turn {
  /** Ends the push with the result of `append`, or `failed`. */
  end(outcome: 'appended' | 'conflict' | 'failed'): void
}

export interface Turns {
  /** Resolves when this writer may append. */
  wait(storeId: StoreId, writer: string): Promise<Turn>
}

interface StoreTurns {
  holder: { readonly writer: string; readonly cancelTimer: () => void } | undefined
  readonly waiting: { readonly writer: string; readonly proceed: () => void }[]
  /** conflicts in a row by writer */
  readonly losses: Map<string, number>
  /** until when (ms) a writer has no turn */
  readonly barred: Map<string, number>
}

export const createTurns = (clock: Clock): Turns => {
  const stores = new Map<StoreId, StoreTurns>()

  const turnsOf = (storeId: StoreId): StoreTurns => {
    const known = stores.get(storeId)
    if (known !== undefined) return known
    const turns: StoreTurns = { holder: undefined, waiting: [], losses: new Map(), barred: new Map() }
    stores.set(storeId, turns)
    return turns
  }

  const endTurn = (turns: StoreTurns): void => {
    turns.holder?.cancelTimer()
    turns.holder = undefined
    const next = turns.waiting.shift()
    if (next === undefined) return
    giveTurn(turns, next.writer)
    next.proceed()
  }

  const giveTurn = (turns: StoreTurns, writer: string): void => {
    turns.holder?.cancelTimer()
    const expire = () => {
      turns.losses.delete(writer)
      turns.barred.set(writer, clock.now() + UNUSED_TURN_MS)
      endTurn(turns)
    }
    turns.holder = { writer, cancelTimer: clock.setTimer(expire, TURN_MS) }
  }

  const isBarred = ({ barred }: StoreTurns, writer: string): boolean => {
    const until = barred.get(writer)
    if (until === undefined) return false
    if (clock.now() < until) return true
    barred.delete(writer)
    return false
  }

  const end = (storeId: StoreId, writer: string, outcome: 'appended' | 'conflict' | 'failed'): void => {
    const turns = turnsOf(storeId)
    const isHolder = turns.holder?.writer === writer
    if (outcome === 'conflict') {
      const losses = (turns.losses.get(writer) ?? 0) + 1
      // Writers that never come back would fill it.
      if (turns.losses.size >= MAX_LOSERS) turns.losses.clear()
      turns.losses.set(writer, losses)
      const mayHold = isHolder || (turns.holder === undefined && losses >= LOSSES)
      if (mayHold && !isBarred(turns, writer)) giveTurn(turns, writer)
      else if (isHolder) endTurn(turns)
    } else {
      turns.losses.delete(writer)
      if (isHolder) endTurn(turns)
    }
    if (turns.holder === undefined && turns.losses.size === 0 && turns.barred.size === 0) stores.delete(storeId)
  }

  return {
    wait: async (storeId, writer) => {
      const turns = stores.get(storeId)
      const mustWait =
        turns?.holder !== undefined && turns.holder.writer !== writer && turns.waiting.length < MAX_WAITING
      if (mustWait) await new Promise<void>((proceed) => turns.waiting.push({ writer, proceed }))
      return { end: (outcome) => end(storeId, writer, outcome) }
    },
  }
}
