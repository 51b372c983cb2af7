import { webPlatform } from '@rockpool/core'
import { describe, expect, it, vi } from 'vitest'
import { askPagesForToken } from './page-token.ts'

/** A page that answers a request by `answer`; undefined: never. */
const page = (answer?: unknown) => ({
  postMessage: vi.fn((_message: unknown, [port]: MessagePort[]) => {
    if (answer !== undefined) port!.postMessage(answer)
  }),
})
const ask = (...pages: ReturnType<typeof page>[]) =>
  askPagesForToken({ matchAll: async () => pages as never }, 'gallery')

describe('askPagesForToken', () => {
  it('names the store, and takes the token of the page that has one', async () => {
    const open = page({ token: 'fresh' })
    expect(await ask(open)).toBe('fresh')
    expect(open.postMessage.mock.calls[0]![0]).toEqual({ type: 'rockpool:token', storeId: 'gallery' })
  })

  it('takes the first token: other pages may be frozen, offline, or of another store', async () => {
    expect(await ask(page(), page({ token: null }), page({ token: 'fresh' }))).toBe('fresh')
  })

  it.each([
    ['there is no page', []],
    ['the pages have none', [page({ token: null }), page({ token: null })]],
    ['the answer is nonsense', [page({ token: 7 }), page('token'), page(null)]],
  ])('has none when %s', async (_what, pages) => {
    expect(await ask(...pages)).toBeUndefined()
  })

  it('waits 10 s, no longer', async () => {
    const timers: { readonly callback: () => void; readonly ms: number }[] = []
    const setTimer = (callback: () => void, ms: number) => {
      timers.push({ callback, ms })
      return () => {}
    }
    const asking = askPagesForToken({ matchAll: async () => [page()] as never }, 'gallery', {
      clock: { ...webPlatform.clock, setTimer },
    })
    await vi.waitFor(() => expect(timers).toMatchObject([{ ms: 10_000 }]))
    timers[0]!.callback()
    expect(await asking).toBeUndefined()
  })
})
