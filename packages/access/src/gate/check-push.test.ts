import { ownerOf, type Right } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { legacyArgs, poolArgs } from '../testing/sample-args.ts'
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
  ])('takes nothing of %s', (_, who) => {
    for (const event of EVENTS) expect(checkPush(who, [event])).toBe('This token may not write in the store "shop".')
    expect(checkPush(who, [])).toBe('This token may not write in the store "shop".')
  })

  it('takes all events of one who may write and delete', () => {
    expect(checkPush(pusher({ [STORE]: ['write', 'delete'] }), EVENTS)).toBeUndefined()
  })

  it('refuses the whole push for one event', () => {
    expect(
      checkPush(
        WRITER,
        EVENTS.filter((event) => !DELETES.includes(event)),
      ),
    ).toBeUndefined()
    expect(checkPush(WRITER, EVENTS)).toContain('may not delete')
    for (const event of DELETES) expect(checkPush(WRITER, [event])).toContain('may not delete')
  })

  it.each<[string, unknown, string | undefined]>([
    ['64 KiB', { text: 'x'.repeat(65_400) }, undefined],
    ['more than 64 KiB', { text: 'x'.repeat(65_536) }, 'at most 65536'],
    ['more than 64 KiB in UTF-8', { text: 'é'.repeat(40_000) }, 'at most 65536'],
    ['500 levels', JSON.parse('['.repeat(500) + ']'.repeat(500)), undefined],
    ['200,000 levels', JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)), 'nested deeper than 500 levels'],
    ['a number out of range', JSON.parse('{"a":1e999}'), 'a number out of range'],
  ])('looks at the size and the levels of an event: %s', (_, args, problem) => {
    const result = checkPush(WRITER, [{ name: 'note', args }])
    if (problem === undefined) expect(result).toBeUndefined()
    else expect(result).toContain(problem)
  })
})
