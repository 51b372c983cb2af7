import { EventSequenceNumber } from '@livestore/livestore'
import { Stream } from 'effect'
import { expect, it } from 'vitest'
import { confirmations } from './confirmations.ts'

it('go on from the last one when LiveStore ends its stream, as it does when another tab takes over the database', async () => {
  const asked: (string | undefined)[] = []
  const eventsStream = (({ since }: { readonly since?: EventSequenceNumber.Client.Composite }) => {
    asked.push(since && EventSequenceNumber.Client.toString(since))
    const seqNum = EventSequenceNumber.Client.Composite.make({
      global: EventSequenceNumber.Global.make(asked.length),
      client: EventSequenceNumber.Client.DEFAULT,
    })
    return Stream.make({ args: { opId: `op${asked.length}` }, seqNum })
  }) as never
  const seen: string[] = []
  const stop = new AbortController()
  for await (const { opId } of confirmations({ eventsStream }, undefined, stop.signal)) {
    seen.push(opId)
    if (seen.length === 2) stop.abort()
  }
  expect(seen).toEqual(['op1', 'op2'])
  expect(asked.slice(0, 2)).toEqual([undefined, 'e1'])
})
