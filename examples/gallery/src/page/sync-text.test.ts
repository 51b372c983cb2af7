import type { Pool } from 'rockpool'
import { describe, expect, it } from 'vitest'
import { announceSync, needsAttention } from './sync-text.ts'

describe('what is said about sync', () => {
  it.each([
    ['online', 'connected', 'Online', false],
    ['offline', 'no_network', 'Offline. Why.', false],
    ['refused', 'push_refused', 'Not accepted. Why.', true],
    ['stuck', 'server_failed_to_start', 'Sync stopped. Why.', true],
  ] as const)('%s', (state, code, announced, attention) => {
    const status = { state, reason: { code, message: 'Why.' } } as Pool['sync']['current']
    expect(announceSync(status)).toBe(announced)
    expect(needsAttention(status)).toBe(attention)
  })
})
