/** What every adapter of `Holds` has to do. */
import type { RemoteKey } from '@rockpool/protocol'
import { beforeEach, expect, it } from 'vitest'
import type { HeldFile, Holds } from '../hold/holds.ts'

const [A, B, C] = ['shop/scanned/a', 'shop/scanned/b', 'shop/scanned/c'] as RemoteKey[] as [
  RemoteKey,
  RemoteKey,
  RemoteKey,
]
const fileOf = (remoteKey: RemoteKey, fileId: string, since: number, bucket = 'scanned'): HeldFile => ({
  ...{ remoteKey, storeId: 'shop', fileId, bucket, since },
})

/** @param create holds without a decision; `another`: the same at another server, or after a restart */
export const holdsSuite = (create: () => Promise<{ readonly holds: Holds; readonly another: Holds }>): void => {
  let holds: Holds
  let another: Holds
  beforeEach(async () => {
    ;({ holds, another } = await create())
  })

  it('holds content until a decision, which counts until the next one', async () => {
    expect(await holds.stateOf(A)).toBe('held')
    await holds.decide(A, 'refused', 1)
    await holds.decide(B, 'refused', 1)
    await another.decide(A, 'released', 2)
    expect(await holds.stateOf(A)).toBe('released')
    expect(await another.statesOf([A, B, C])).toEqual(
      new Map([
        [A, 'released'],
        [B, 'refused'],
        [C, 'held'],
      ] as const),
    )
    expect(await holds.statesOf([])).toEqual(new Map())
  })

  it('decides held content only where no decision was made', async () => {
    await holds.decide(A, 'released', 1)
    await another.decideHeld(A, 'refused', 2)
    await another.decideHeld(B, 'refused', 2)
    await holds.decideHeld(B, 'released', 3)
    expect([await holds.stateOf(A), await holds.stateOf(B)]).toEqual(['released', 'refused'])
  })

  it('keeps when a file began to wait, until its wait ends', async () => {
    const [first, second, other] = [fileOf(A, 'x', 10), fileOf(A, 'y', 20), fileOf(B, 'x', 30)]
    for (const file of [first, second, other]) await holds.wait(file)
    await another.wait({ ...first, since: 99 })
    expect((await another.filesOf(A)).toSorted((a, b) => a.since - b.since)).toEqual([first, second])
    await another.endWait(first)
    expect([await holds.filesOf(A), await holds.filesOf(B)]).toEqual([[second], [other]])
  })

  it('lists the files of a bucket that wait, in pages from the longest wait on', async () => {
    const files = [fileOf(B, 'x', 10), fileOf(A, 'y', 20), fileOf(A, 'z', 20), fileOf(C, 'a', 20)]
    for (const file of [...files.toReversed(), fileOf(A, 'late', 50), fileOf(A, 'strict', 1, 'strict')])
      await holds.wait(file)
    const listed: HeldFile[] = []
    for (let after: HeldFile | undefined; ; after = listed.at(-1)) {
      const page = await another.waitingSince('scanned', 50, { limit: 3, after })
      if (page.length === 0) break
      listed.push(...page)
    }
    expect(listed).toEqual(files)
  })

  it('knows how far the events were read, for the buckets that held then', async () => {
    const cursor = { backendId: 'log', seqNum: 7 }
    expect(await holds.readUpTo('shop', ['scanned'])).toBeUndefined()
    await holds.setReadUpTo('shop', ['scanned', 'strict'], { backendId: 'log', seqNum: 3 })
    await holds.setReadUpTo('shop', ['scanned', 'strict'], cursor)
    expect(await another.readUpTo('shop', ['strict'])).toEqual(cursor)
    expect(await another.readUpTo('shop', ['strict', 'new'])).toBeUndefined()
    expect(await another.readUpTo('lagoon', ['strict'])).toBeUndefined()
  })
}
