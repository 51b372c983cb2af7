import type { PoolEventName } from '@rockpool/core'
import { type Buckets, ownerOf, type Right } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { checkEvent, checkPush, type PushedEvent } from './check-push.ts'

const STORE = 'shop'
const BUCKETS: Buckets = {
  files: { access: 'store' },
  posters: { access: 'public' },
  inbox: { access: 'owner' },
}
const ADDRESS = 'a'.repeat(64)
const ada = await ownerOf('ada')
const bob = await ownerOf('bob')

const pusher = (stores: Record<string, readonly Right[]>) => ({
  claims: { sub: 'ada', stores },
  owner: ada,
  storeId: STORE,
  buckets: BUCKETS,
})
const PUSHERS = {
  stranger: pusher({ shop10: ['read', 'write', 'delete'] }),
  reader: pusher({ [STORE]: ['read'] }),
  writer: pusher({ [STORE]: ['read', 'write'] }),
  deleter: pusher({ [STORE]: ['read', 'write', 'delete'] }),
  'deleter that may not write': pusher({ [STORE]: ['read', 'delete'] }),
}
const WHO = Object.keys(PUSHERS) as (keyof typeof PUSHERS)[]

const remoteKey = `${STORE}/files/${ADDRESS}`
/** Every event of the engine, complete by its type. */
const ENGINE_EVENTS: {
  readonly [name in PoolEventName]: { readonly args: object; readonly needs: 'write' | 'delete' }
} = {
  'v2.FileAdded': { args: { id: 'x', remoteKey }, needs: 'write' },
  'v2.FileContentReplaced': { args: { id: 'x', remoteKey, basedOn: remoteKey }, needs: 'write' },
  'v2.FileRenamed': { args: { id: 'x', name: 'y' }, needs: 'write' },
  'v2.FileMetaSet': { args: { id: 'x', meta: {} }, needs: 'write' },
  'v2.FileDeleted': { args: { id: 'x' }, needs: 'delete' },
  'v2.FileRestored': { args: { id: 'x' }, needs: 'write' },
  'v2.ContentStored': { args: { remoteKey }, needs: 'write' },
  'v2.ContentLost': { args: { remoteKey }, needs: 'write' },
}
const EVENTS: readonly (PushedEvent & { readonly needs: 'write' | 'delete' })[] = [
  ...Object.entries(ENGINE_EVENTS).map(([name, { args, needs }]) => ({ name, args, needs })),
  { name: 'v1.FileCreated', args: { id: 'x', remoteUrl: '' }, needs: 'write' },
  { name: 'v1.FileUpdated', args: { id: 'x', remoteUrl: `https://files.example/${STORE}/${ADDRESS}` }, needs: 'write' },
  { name: 'v1.FileDeleted', args: { id: 'x' }, needs: 'delete' },
  { name: 'v1.NoteCreated', args: { text: 'an event of the app' }, needs: 'write' },
]

const MAY: { readonly [W in keyof typeof PUSHERS]: readonly ('write' | 'delete')[] } = {
  stranger: [],
  reader: [],
  writer: ['write'],
  deleter: ['write', 'delete'],
  'deleter that may not write': [],
}

describe('checkPush', () => {
  const cases = WHO.flatMap((who) => EVENTS.map((event) => [who, event.name, event] as const))
  it.each(cases)('gives %s the rights of the token for %s', (who, _, event) => {
    const problem = checkPush(PUSHERS[who], [event])
    if (MAY[who].includes(event.needs)) expect(problem).toBe(undefined)
    else expect(problem).toMatch(/^This token may not (write in|delete files in) the store "shop"\.$/)
  })

  const content = EVENTS.filter(({ args }) => Object.hasOwn(args as object, 'remoteKey')).map(({ name }) => name)
  const keys = [
    ['none', undefined, 'is malformed'],
    ['one that is no text', 7, 'is malformed'],
    ['one with dots', `${STORE}/../files/${ADDRESS}`, 'is malformed'],
    ['one in another store', `shop10/files/${ADDRESS}`, 'another store'],
    ['a legacy one', `${STORE}/${ADDRESS}`, 'read-only'],
    ['one in a bucket that is not configured', `${STORE}/attic/${ADDRESS}`, 'not configured'],
    ['one in a bucket that every object has', `${STORE}/constructor/${ADDRESS}`, 'not configured'],
    ['one with an owner in a store bucket', `${STORE}/files/${ada}/${ADDRESS}`, 'have no owner'],
    ['one with an owner in a public bucket', `${STORE}/posters/${ada}/${ADDRESS}`, 'have no owner'],
    ['one without an owner in an owner bucket', `${STORE}/inbox/${ADDRESS}`, 'their own owner segment'],
    ["another one's in an owner bucket", `${STORE}/inbox/${bob}/${ADDRESS}`, 'their own owner segment'],
    ["one's own in an owner bucket", `${STORE}/inbox/${ada}/${ADDRESS}`, undefined],
    ['one in a public bucket', `${STORE}/posters/${ADDRESS}`, undefined],
  ] as const
  it.each(content.flatMap((name) => keys.map(([what, key, reason]) => [name, what, key, reason] as const)))(
    '%s with the remote key %s',
    (name, _, key, reason) => {
      const problem = checkPush(PUSHERS.deleter, [{ name, args: { remoteKey: key } }])
      if (reason === undefined) expect(problem).toBe(undefined)
      else expect(problem).toContain(reason)
    },
  )

  it.each([
    ['no args', undefined, undefined],
    ['no URL yet', {}, undefined],
    ['a path', { remoteUrl: `/${STORE}/${ADDRESS}` }, undefined],
    ['a URL with a query', { remoteUrl: `https://x.example/a/b/${STORE}/${ADDRESS}?v=1#top` }, undefined],
    ['another store', { remoteUrl: `https://x.example/shop10/${ADDRESS}` }, 'of a file of this store'],
    ['no content', { remoteUrl: 'https://x.example/' }, 'of a file of this store'],
    ['no text', { remoteUrl: 7 }, 'of a file of this store'],
  ])('v1.FileUpdated with %s', (_, args, reason) => {
    const problem = checkPush(PUSHERS.deleter, [{ name: 'v1.FileUpdated', args }])
    if (reason === undefined) expect(problem).toBe(undefined)
    else expect(problem).toContain(reason)
  })

  it('refuses a whole push for one forbidden event', () => {
    const batch = EVENTS.filter(({ needs }) => needs === 'write')
    expect(checkPush(PUSHERS.writer, batch)).toBe(undefined)
    expect(checkPush(PUSHERS.writer, [...batch, ...EVENTS])).toContain('may not delete')
  })

  it('checks one event at a time for a server that names the forbidden one', () => {
    const forbidden = EVENTS.filter((event) => checkEvent(PUSHERS.writer, event) !== undefined)
    expect(forbidden.map(({ name }) => name)).toEqual(['v2.FileDeleted', 'v1.FileDeleted'])
  })

  it.each([
    ['a key __proto__', JSON.parse('{"__proto__":{"remoteKey":"x"}}')],
    ['null', null],
    ['a string', remoteKey],
    ['a list', [remoteKey]],
  ])('refuses v2.FileAdded whose args are %s', (_, args) => {
    expect(checkPush(PUSHERS.deleter, [{ name: 'v2.FileAdded', args }])).toContain('is malformed')
  })
})
