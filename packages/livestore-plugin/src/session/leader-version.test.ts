import { describe, expect, it } from 'vitest'
import { type HeldLock, isOtherVersion } from './leader-version.ts'

const STORE = 'gallery'
const leads = (clientId: string, storeId = STORE): HeldLock => ({ name: `livestore-tab-lock-${storeId}`, clientId })
const runs = (clientId: string, version: string, storeId = STORE): HeldLock => ({
  name: `rockpool:livestore:leader:${storeId}:${version}`,
  clientId,
})

describe('the tab that leads', () => {
  it.each<[string, readonly HeldLock[], boolean]>([
    ['is not there', [], false],
    ['has the same version', [leads('a'), runs('a', 'v1')], false],
    ['has another version', [leads('a'), runs('a', 'v2')], true],
    ['does not publish a version', [leads('a')], true],
    ['has another version, and a former leader the same', [leads('a'), runs('a', 'v2'), runs('b', 'v1')], true],
    ['leads another store', [leads('a', 'other')], false],
    ['has the same version in another store', [leads('a'), runs('a', 'v1', 'other')], true],
  ])('%s', (_, held, expected) => {
    expect(isOtherVersion(held, STORE, 'v1')).toBe(expected)
  })
})
