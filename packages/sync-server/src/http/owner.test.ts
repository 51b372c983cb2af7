import { ownerOf } from '@rockpool/protocol'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ownerOfClaims } from './owner.ts'

describe('ownerOfClaims', () => {
  afterEach(() => vi.restoreAllMocks())

  it('is the owner of the sub, hashed once for the same claims', async () => {
    const [ada, bob] = [
      { sub: 'ada', stores: {} },
      { sub: 'bob', stores: {} },
    ]
    const expected = [await ownerOf('ada'), await ownerOf('bob')]
    const digest = vi.spyOn(crypto.subtle, 'digest')
    for (let round = 0; round < 2; round++) {
      expect([await ownerOfClaims(ada), await ownerOfClaims(bob)]).toEqual(expected)
    }
    expect(digest).toHaveBeenCalledTimes(2)
  })
})
