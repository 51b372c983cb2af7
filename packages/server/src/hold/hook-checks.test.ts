import type { HoldState } from '@rockpool/access'
import { expect, it } from 'vitest'
import { hookChecks } from './hook-checks.ts'

it.each([
  ['held', true, ['released']],
  ['held', false, ['refused']],
  ['held', undefined, []],
  ['refused', true, []],
  ['released', false, []],
] as const)('of %s content, a response that says release: %s decides %j', async (state, release, expected) => {
  const decisions: HoldState[] = []
  const checks = hookChecks({
    ...{ buckets: ['photos'], logs: {} as never, signHeld: () => undefined },
    holds: { stateOf: async () => state },
    decide: async (_bucket, _key, decision) => void decisions.push(decision),
  })
  await checks.respond({ bucket: 'photos', remoteKey: 'shop/photos/a' } as never, { release })
  expect(decisions).toEqual(expected)
})
