import { expect, it } from 'vitest'
import { hookChecks } from './hook-checks.ts'

it.each([
  [true, ['released']],
  [false, ['refused']],
  [undefined, []],
] as const)('a response that says release: %s decides content that is still held: %j', async (release, expected) => {
  const decisions: string[] = []
  const checks = hookChecks({
    ...{ buckets: ['photos'], logs: {} as never, signHeld: () => undefined },
    holds: { stateOf: async () => 'held' },
    decideHeld: async (_bucket, _key, decision) => void decisions.push(decision),
  })
  await checks.respond({ bucket: 'photos', remoteKey: 'shop/photos/a' } as never, { release })
  expect(decisions).toEqual(expected)
})
