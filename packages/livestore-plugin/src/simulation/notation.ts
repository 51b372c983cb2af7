/**
 * Events written short, for tables and traces: `a3` is commit a as number 3, `a3.1` is the first event after 3 that stays on
 * this device, and `a3'` has been renumbered once.
 */
import type { EventNumber, NumberedEvent, NumberPair } from '../numbers.ts'

const EVENT = /^([a-z])(\d+)(?:\.(\d+))?('*)$/

export const CLIENT = 'device'

const numberOf = (global: number, client: number, rebaseGeneration: number): EventNumber => ({
  global,
  client,
  rebaseGeneration,
})

/** @param parent `3`, `3.1` or `3'`; unless set, the event before in the same generation */
export const event = (text: string, parent?: string): NumberedEvent => {
  const [, commit, global, client = '0', marks] = EVENT.exec(text)!
  const seqNum = numberOf(Number(global), Number(client), marks!.length)
  const before =
    seqNum.client > 0
      ? numberOf(seqNum.global, seqNum.client - 1, seqNum.rebaseGeneration)
      : numberOf(seqNum.global - 1, 0, seqNum.global === 1 ? 0 : seqNum.rebaseGeneration)
  return {
    name: 'made',
    args: { id: commit },
    clientId: CLIENT,
    sessionId: `${commit}#page.0`,
    seqNum,
    parentSeqNum: parent === undefined ? before : number(parent),
  }
}

/** `a1 b2 c3`: each one's parent is the event before that syncs, or simply the one before if it stays on this device. */
export const events = (text: string, parent?: string): NumberedEvent[] => {
  let last = parent === undefined ? undefined : number(parent)
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const plain = event(word)
      const parentSeqNum =
        last === undefined
          ? plain.parentSeqNum
          : plain.seqNum.client > 0
            ? last
            : numberOf(last.global, 0, last.rebaseGeneration)
      last = plain.seqNum
      return renumber(plain, { seqNum: plain.seqNum, parentSeqNum })
    })
}

export const number = (text: string): EventNumber => {
  const [, global, client = '0', marks] = /^(\d+)(?:\.(\d+))?('*)$/.exec(text)!
  return numberOf(Number(global), Number(client), marks!.length)
}

export const showNumber = ({ global, client, rebaseGeneration }: EventNumber): string =>
  `${global}${client > 0 ? `.${client}` : ''}${rebaseGeneration > 3 ? `'${rebaseGeneration}` : "'".repeat(rebaseGeneration)}`

export const show = (shown: readonly NumberedEvent[]): string =>
  shown.map(({ args, seqNum }) => `${(args as { id: string }).id}${showNumber(seqNum)}`).join(' ')

export const renumber = <E extends NumberedEvent>(renumbered: E, numbers: NumberPair): E => ({
  ...renumbered,
  ...numbers,
})
