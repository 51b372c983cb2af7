/** What every adapter of `HookCursors` has to do. */
import { expect, it } from 'vitest'
import type { HookCursors } from '../events/webhooks/hook-cursors.ts'

const [URL_A, URL_B] = ['https://a.example/hook', 'https://b.example/hook']
const at = (seqNum: number) => ({ backendId: 'log', seqNum })

/** @param open cursors without any webhook, as one server sees them and as the next one to deliver does */
export const hookCursorsSuite = (
  open: () => Promise<{ readonly cursors: HookCursors; readonly next: HookCursors }>,
): void => {
  it('knows a webhook from its start on, with the places that it starts at', async () => {
    const { cursors, next } = await open()
    expect(await cursors.startOf(URL_A)).toBeUndefined()
    await cursors.start(URL_A, { holding: ['photos'] }, new Map([['shop', at(5)]]))
    await cursors.start(URL_B, { holding: [] }, new Map())
    expect(await next.startOf(URL_A)).toEqual({ holding: ['photos'] })
    expect(await next.read(URL_A, 'shop')).toEqual(at(5))
    expect(await next.read(URL_A, 'lagoon')).toBeUndefined()
    expect(await next.read(URL_B, 'shop')).toBeUndefined()
  })

  it('keeps the last place of each webhook in each store', async () => {
    const { cursors, next } = await open()
    await cursors.start(URL_A, { holding: [] }, new Map())
    await cursors.write(URL_A, 'shop', at(1))
    await cursors.write(URL_A, 'shop', at(2))
    await next.write(URL_A, 'lagoon', { backendId: 'another', seqNum: 7 })
    expect([await next.read(URL_A, 'shop'), await cursors.read(URL_A, 'lagoon')]).toEqual([
      at(2),
      { backendId: 'another', seqNum: 7 },
    ])
  })

  it('forgets the places when a webhook starts anew, and keeps them when only its buckets change', async () => {
    const { cursors, next } = await open()
    await cursors.start(URL_A, { holding: [] }, new Map([['shop', at(5)]]))
    await cursors.setStart(URL_A, { holding: ['photos'] })
    expect([await next.startOf(URL_A), await next.read(URL_A, 'shop')]).toEqual([{ holding: ['photos'] }, at(5)])
    await cursors.start(URL_A, { holding: ['scans'] }, new Map())
    expect([await next.startOf(URL_A), await next.read(URL_A, 'shop')]).toEqual([{ holding: ['scans'] }, undefined])
  })

  it('forgets webhooks that are not configured any more', async () => {
    const { cursors, next } = await open()
    for (const url of [URL_A, URL_B]) await cursors.start(url, { holding: [] }, new Map([['shop', at(5)]]))
    await cursors.keepOnly([URL_B])
    expect([await next.startOf(URL_A), await next.read(URL_A, 'shop')]).toEqual([undefined, undefined])
    expect([await next.startOf(URL_B), await next.read(URL_B, 'shop')]).toEqual([{ holding: [] }, at(5)])
    await cursors.keepOnly([])
    expect(await next.startOf(URL_B)).toBeUndefined()
  })
}
