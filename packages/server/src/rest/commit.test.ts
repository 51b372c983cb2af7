import type { PoolEvent } from '@rockpool/core/records'
import { expect, it } from 'vitest'
import { commit } from './commit.ts'

const USAGE = { of: 'user', unit: 'bytes', used: 9, limit: 10 }

const deleted = (id: string): PoolEvent => ({ name: 'v2.FileDeleted', opId: `delete ${id}`, args: { id, at: 1 } })

/** A sync server that gives these responses to pushes, one after the other, while other writers append one event before each. */
const syncWith = (...responses: readonly Response[]) => {
  const pushes: { readonly parent: number; readonly events: readonly Record<string, any>[] }[] = []
  const sync = async (request: Request): Promise<Response> => {
    expect(request.headers.get('authorization')).toBe('Bearer token')
    if (request.url.endsWith('/sync/shop/head')) return Response.json({ head: 10 + pushes.length })
    pushes.push(await request.json())
    return responses[pushes.length - 1]!
  }
  const { signal } = new AbortController()
  return { pushes, options: { sync, storeId: 'shop', token: 'token', signal } }
}

it('decides again when another writer was faster', async () => {
  const conflict = Response.json({ head: 11, events: [] }, { status: 409 })
  const { pushes, options } = syncWith(conflict, Response.json({ head: 13 }))
  let asked = 0
  await commit(options, async () => [deleted(`file ${++asked}`), deleted('last')])
  expect(pushes.map(({ parent, events }) => [parent, ...events.map(({ seqNum, args }) => [seqNum, args.id])])).toEqual([
    [10, [11, 'file 1'], [12, 'last']],
    [11, [12, 'file 2'], [13, 'last']],
  ])
  const [event] = pushes[0]!.events
  expect(event).toMatchObject({ name: 'v2.FileDeleted', args: { opId: 'delete file 1' }, parentSeqNum: 10 })
  const ids = pushes.flatMap(({ events }) => events.map(({ sessionId }) => sessionId))
  expect(new Set(ids).size).toBe(4)
})

it('pushes nothing when there is nothing to decide', async () => {
  const { pushes, options } = syncWith()
  const gone = new Error('The file is gone.')
  await expect(commit(options, () => Promise.reject(gone))).rejects.toBe(gone)
  expect(pushes).toEqual([])
})

it.each<[string, number, object, object]>([
  ['the push', 403, { error: { code: 'forbidden', message: 'No.' } }, { code: 'forbidden', message: 'No.' }],
  ['an event', 422, { refused: [{ code: 'too_large', message: 'No.' }] }, { code: 'too_large', message: 'No.' }],
  [
    'a quota',
    422,
    { refused: [{ code: 'quota_exceeded', message: 'Full.', usage: USAGE }] },
    { code: 'quota_exceeded', usage: USAGE },
  ],
  ['what no client knows', 422, { refused: [{ code: 'constructor', message: 'No.' }] }, { code: 'bad_request' }],
])('throws the refusal of %s', async (_, status, body, error) => {
  const { options } = syncWith(Response.json(body, { status }))
  await expect(commit(options, async () => [deleted('reef')])).rejects.toMatchObject(error)
})

it('says when to try again', async () => {
  const error = { code: 'rate_limited', message: 'Slow down.' }
  const { options } = syncWith(Response.json({ error }, { status: 429, headers: { 'retry-after': '3' } }))
  await expect(commit(options, async () => [deleted('reef')])).rejects.toMatchObject({ ...error, retryAfterMs: 3_000 })
})
