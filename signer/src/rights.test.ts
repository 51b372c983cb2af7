import { type Buckets, ownerOf } from '@rockpool/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mayAct, resolveKey } from './rights.ts'

const HASH = 'a'.repeat(64)
const buckets: Buckets = {
  files: { access: 'store' },
  site: { access: 'public' },
  private: { access: 'owner' },
}
const ada = await ownerOf('ada')
const eve = await ownerOf('eve')

describe('what a key means', () => {
  test.each([
    ['reef/files/' + HASH, { storeId: 'reef', bucket: 'files', owner: undefined }],
    ['reef/files/' + HASH + '-2', { storeId: 'reef', bucket: 'files' }],
    ['reef/files/' + HASH + '-10000', { bucket: 'files' }],
    ['reef/site/' + HASH, { bucket: 'site' }],
    [`reef/private/${ada}/${HASH}`, { bucket: 'private', owner: ada }],
    ['reef/' + HASH, { storeId: 'reef', bucket: undefined }],
  ])('%s', (key, expected) => expect(resolveKey(key, buckets, 'read')).toMatchObject({ key, ...expected }))

  const bad: string[] = [
    '',
    '/',
    '//',
    'reef',
    HASH,
    `/reef/files/${HASH}`,
    `reef/files/${HASH}/`,
    `reef//files/${HASH}`,
    `reef//${HASH}`,
    `../files/${HASH}`,
    `reef/../${HASH}`,
    `./reef/files/${HASH}`,
    `reef/files/../files/${HASH}`,
    `reef/files/./${HASH}`,
    `reef%2Ffiles%2F${HASH}`,
    `reef/files/%61${HASH.slice(1)}`,
    `reef\\files\\${HASH}`,
    `reef/files/${HASH}\0`,
    `reef/files/${HASH}\n`,
    `reef/files/${HASH} `,
    ` reef/files/${HASH}`,
    `reef/files/${HASH}?x`,
    `reef/files/${HASH}#x`,
    `reef/files/${HASH}.parts`,
    `reef/files/${HASH.toUpperCase()}`,
    `reef/files/${HASH.slice(1)}`,
    `reef/files/${HASH}a`,
    `reef/files/${HASH}-1`,
    `reef/files/${HASH}-0`,
    `reef/files/${HASH}-01`,
    `reef/files/${HASH}-10001`,
    `reef/files/${HASH}--2`,
    `reef/files/${HASH}-2-2`,
    `rеef/files/${HASH}`,
    `reef/fıles/${HASH}`,
    `reef/files/${'а'.repeat(64)}`,
    `reef/files/${'\uff41'.repeat(64)}`,
    `ree\u0301f/files/${HASH}`,
    `reef\u200b/files/${HASH}`,
    `${'r'.repeat(129)}/files/${HASH}`,
    `reef/${'f'.repeat(129)}/${HASH}`,
    'r'.repeat(1 << 20),
    `tmp/files/${HASH}`,
    `gc/files/${HASH}`,
    `requests/files/${HASH}`,
    `public/files/${HASH}`,
    `objects/files/${HASH}`,
    `tmp/${HASH}`,
    `reef/unknown/${HASH}`,
    `reef/toString/${HASH}`,
    `reef/__proto__/${HASH}`,
    `reef/constructor/${HASH}`,
    `reef/files/${ada}/${HASH}`,
    `reef/site/${ada}/${HASH}`,
    `reef/private/${HASH}`,
    `reef/private/ada/${HASH}`,
    `reef/private/u_/${HASH}`,
    `reef/private/${ada}x/${HASH}`,
    `reef/private/${ada.slice(0, -1)}/${HASH}`,
    `reef/private/${ada}/${ada}/${HASH}`,
    `reef/${HASH}-2`,
    `reef/files/${HASH}/${HASH}`,
  ]
  test.each(bad.map((key) => [key.slice(0, 80), key]))('bad: %j', (_, key) => {
    expect(() => resolveKey(key, buckets, 'read')).toThrow(expect.objectContaining({ code: 'bad_key' }))
  })

  test('a legacy key can be read, never written or deleted', () => {
    for (const action of ['write', 'delete'] as const) {
      expect(() => resolveKey(`reef/${HASH}`, buckets, action)).toThrow(expect.objectContaining({ code: 'bad_key' }))
    }
  })

  test('no text at all makes it fail in another way, or pass with a key that is not exactly its segments', () => {
    const segment = fc.oneof(
      fc.string(),
      fc.constantFrom('reef', 'files', 'private', ada, HASH, `${HASH}-2`, '..', '', 'tmp'),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(segment, { maxLength: 5 }).map((s) => s.join('/')),
        ),
        (text) => {
          try {
            const { key, storeId, bucket, owner, address } = resolveKey(text, buckets, 'read')
            expect([storeId, bucket, owner, address].filter((part) => part !== undefined).join('/')).toBe(text)
            expect(key).toMatch(/^[A-Za-z0-9_/-]+$/)
          } catch (error) {
            expect(error).toMatchObject({ code: 'bad_key' })
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('who may', () => {
  const caller = (sub: string, stores: Record<string, ('read' | 'write' | 'delete')[]>, role?: 'service') => ({
    claims: { sub, stores, ...(role && { role }) },
    owner: sub === 'ada' ? ada : eve,
  })
  const member = caller('ada', { reef: ['read', 'write'], user1: ['read'] })
  const deleter = caller('ada', { reef: ['delete'] })
  const service = caller('eve', {}, 'service')

  test.each([
    ['reads in the store', member, 'read', `reef/files/${HASH}`, true],
    ['writes in the store', member, 'write', `reef/files/${HASH}`, true],
    ['no delete without that right', member, 'delete', `reef/files/${HASH}`, false],
    ['delete with that right', deleter, 'delete', `reef/files/${HASH}`, true],
    ['delete does not imply read', deleter, 'read', `reef/files/${HASH}`, false],
    ['delete does not imply write', deleter, 'write', `reef/files/${HASH}`, false],
    ['reader does not write', member, 'write', `user1/files/${HASH}`, false],
    ['user1 is not user10', member, 'read', `user10/files/${HASH}`, false],
    ['nor is it user', member, 'read', `user/files/${HASH}`, false],
    ['not another store', member, 'read', `lagoon/files/${HASH}`, false],
    ['not the store "constructor"', member, 'read', `constructor/files/${HASH}`, false],
    ['not the store "__proto__"', member, 'read', `__proto__/files/${HASH}`, false],
    ['public bucket: writing needs the right', member, 'write', `user1/site/${HASH}`, false],
    ['own owner segment: reads', member, 'read', `reef/private/${ada}/${HASH}`, true],
    ['own owner segment: writes', member, 'write', `reef/private/${ada}/${HASH}`, true],
    ["another's owner segment: reads not", member, 'read', `reef/private/${eve}/${HASH}`, false],
    ["another's owner segment: writes not", member, 'write', `reef/private/${eve}/${HASH}`, false],
    ['own segment in a foreign store', member, 'read', `lagoon/private/${ada}/${HASH}`, false],
    ['legacy: read', member, 'read', `reef/${HASH}`, true],
    ['legacy: foreign store', member, 'read', `lagoon/${HASH}`, false],
    ['service role is off', service, 'read', `reef/files/${HASH}`, false],
  ] as const)('%s', (_, who, action, key, allowed) => {
    expect(mayAct(who, action, resolveKey(key, buckets, action))).toBe(allowed)
  })

  test('the service role, switched on, may everything; others gain nothing', () => {
    for (const action of ['read', 'write', 'delete'] as const) {
      expect(mayAct(service, action, resolveKey(`reef/private/${ada}/${HASH}`, buckets, action), true)).toBe(true)
      expect(mayAct(caller('eve', {}), action, resolveKey(`reef/files/${HASH}`, buckets, action), true)).toBe(false)
    }
  })
})
