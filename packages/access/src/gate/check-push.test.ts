import { ownerOf, type RemoteKey, type Right } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { receiptSigner, receiptVerifier } from '../receipts.ts'
import { legacyArgs, poolArgs } from '../testing/sample-args.ts'
import { FORMER_SECRET, SECRET } from '../testing/token-cases.ts'
import { checkPush } from './check-push.ts'
import type { PushedEvent } from './pusher.ts'

const STORE = 'shop'
const owner = await ownerOf('ada')
const pusher = (stores: Record<string, readonly Right[]>) => ({
  claims: { sub: 'ada', stores },
  owner,
  storeId: STORE,
  buckets: { files: { access: 'store' } } as const,
})
const WRITER = pusher({ [STORE]: ['read', 'write'] })
const EVENTS: readonly PushedEvent[] = [
  ...Object.entries({ ...poolArgs(STORE), ...legacyArgs(STORE) }).map(([name, args]) => ({ name, args })),
  { name: 'v1.NoteCreated', args: { text: 'an event of the app' } },
]
const DELETES = EVENTS.filter(({ name }) => name.endsWith('FileDeleted'))

describe('checkPush', () => {
  it.each([
    ['a stranger', pusher({ shop10: ['read', 'write', 'delete'] })],
    ['a reader', pusher({ [STORE]: ['read'] })],
    ['one who may delete but not write', pusher({ [STORE]: ['read', 'delete'] })],
  ])('takes nothing of %s', async (_, who) => {
    const problem = 'This token may not write in the store "shop".'
    for (const event of EVENTS) expect(await checkPush(who, [event])).toBe(problem)
    expect(await checkPush(who, [])).toBe(problem)
  })

  it('takes all events of one who may write and delete', async () => {
    expect(await checkPush(pusher({ [STORE]: ['write', 'delete'] }), EVENTS)).toBeUndefined()
  })

  it('refuses the whole push for one event', async () => {
    expect(
      await checkPush(
        WRITER,
        EVENTS.filter((event) => !DELETES.includes(event)),
      ),
    ).toBeUndefined()
    expect(await checkPush(WRITER, EVENTS)).toContain('may not delete')
    for (const event of DELETES) expect(await checkPush(WRITER, [event])).toContain('may not delete')
  })

  it('refuses every receipt without a verifier', async () => {
    const args = poolArgs(STORE)['v2.ContentStored']
    const receipt = await receiptSigner(SECRET)(args.remoteKey as RemoteKey, { size: 5_000, at: 1 })
    const event = { name: 'v2.ContentStored', args: { ...args, receipt } }
    expect(await checkPush(WRITER, [event])).toContain('a receipt')
    expect(await checkPush(WRITER, [event], receiptVerifier([FORMER_SECRET]))).toContain('a receipt')
    expect(await checkPush(WRITER, [event], receiptVerifier([SECRET]))).toBeUndefined()
  })

  it.each<[string, unknown, string | undefined]>([
    ['64 KiB', { text: 'x'.repeat(65_400) }, undefined],
    ['more than 64 KiB', { text: 'x'.repeat(65_536) }, 'at most 65536'],
    ['more than 64 KiB in UTF-8', { text: 'é'.repeat(40_000) }, 'at most 65536'],
    ['500 levels', JSON.parse('['.repeat(500) + ']'.repeat(500)), undefined],
    ['200,000 levels', JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)), 'nested deeper than 500 levels'],
    ['a number out of range', JSON.parse('{"a":1e999}'), 'a number out of range'],
  ])('looks at the size and the levels of an event: %s', async (_, args, problem) => {
    const result = await checkPush(WRITER, [{ name: 'note', args }])
    if (problem === undefined) expect(result).toBeUndefined()
    else expect(result).toContain(problem)
  })
})
