/** Arbitrary events, over few ids so that they meet. */
import type { FileMeta, PoolEvent } from '@rockpool/core'
import { EVENT_NAMES, type LegacyEventName, MAX_TIME } from '@rockpool/core/records'
import { formatReceipt, type Owner, type RemoteKey } from '@rockpool/protocol'
import fc from 'fast-check'

const id = fc.constantFrom('x', 'y', 'z')
const name = fc.oneof(
  fc.constantFrom('reef.jpg', 'a "quoted" name', "it's", 'ünï', ''),
  fc.string({ unit: 'grapheme' }),
)
const type = fc.constantFrom('image/jpeg', 'text/plain')
const size = fc.oneof(fc.nat(), fc.maxSafeNat())
const at = fc.oneof(fc.nat(), fc.nat({ max: MAX_TIME }))
/** Keys among which are those that every object has: fast-check takes care of that. As it is after a way as JSON, which knows no -0. */
const meta = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }))
  .map((any) => JSON.parse(JSON.stringify(any)) as FileMeta)
const remoteKey = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...['a', 'b', 'c'].map((digit) => `shop/files/${digit.repeat(64)}`)) },
  { weight: 1, arbitrary: fc.constantFrom(`shop/${'d'.repeat(64)}`, 'not a key', '') },
) as fc.Arbitrary<RemoteKey>
const text = fc.string()

/** Of few times, so that copies and older ones meet. */
const receipt = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 5 }).map((at) => formatReceipt({ size: 3, at }, `${'r'.repeat(42)}A`)) },
  { weight: 1, arbitrary: text },
)

/** Few opIds too: one that comes again with other args is as much a copy as any. */
const opId = fc.nat({ max: 60 }).map((n) => `op${n}`)

const fact = <Args>(eventName: PoolEvent['name'], args: { [K in keyof Args]: fc.Arbitrary<Args[K]> }) =>
  fc.record({ name: fc.constant(eventName), opId, args: fc.record(args) }) as unknown as fc.Arbitrary<PoolEvent>

const owner = fc.constantFrom(...['a', 'b', 'c'].map((letter) => `u_${letter.repeat(32)}` as Owner))

const path = fc.constantFrom('fish/reef.jpg', 'ünï/𝄞.png')

const anyEvent: fc.Arbitrary<PoolEvent> = fc.oneof(
  { weight: 2, arbitrary: fact('v2.FileAdded', { id, name, type, size, remoteKey, meta, at }) },
  { weight: 2, arbitrary: fact('v2.FileAdded', { id, name, type, size, remoteKey, meta, at, owner, path }) },
  { weight: 3, arbitrary: fact('v2.FileContentReplaced', { id, remoteKey, size, type, basedOn: remoteKey, at }) },
  { weight: 2, arbitrary: fact('v2.FileRenamed', { id, name, at }) },
  { weight: 2, arbitrary: fact('v2.FileMetaSet', { id, meta, at }) },
  { weight: 2, arbitrary: fact('v2.FileDeleted', { id, at }) },
  { weight: 2, arbitrary: fact('v2.FileRestored', { id, at }) },
  { weight: 1, arbitrary: fact('v2.ContentStored', { remoteKey }) },
  { weight: 1, arbitrary: fact('v2.ContentStored', { remoteKey, etag: text, versionId: text }) },
  { weight: 2, arbitrary: fact('v2.ContentStored', { remoteKey, receipt }) },
  { weight: 1, arbitrary: fact('v2.ContentLost', { remoteKey }) },
)

export const anyEvents = fc.array(anyEvent, { minLength: 1, maxLength: 30 })

const hash = fc.constantFrom('a'.repeat(64), 'b'.repeat(64), 'abc')
const url = fc.constantFrom('', `shop/${'a'.repeat(64)}`, `https://files.example/shop/${'b'.repeat(64)}`, 'no URL')
const date = fc.oneof(
  { weight: 6, arbitrary: fc.nat().map((ms) => new Date(ms).toISOString()) },
  { weight: 1, arbitrary: fc.constantFrom('', 'soon', '+275760-09-13T00:00:00.000Z') },
)
const metadataJson = fc.constantFrom(null, '{"mimeType":"image/png","sizeBytes":4}', '{"image":{"width":4}}', '{"half')

const legacyFact = (eventName: LegacyEventName, args: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record({
    name: fc.constant(eventName),
    args: fc.oneof(
      { weight: 6, arbitrary: fc.record({ id, ...args }) },
      { weight: 1, arbitrary: fc.record({ id, ...args }, { requiredKeys: ['id'] }) },
    ),
  })

/** Events of livestore-filesync, some without a field or with a malformed one. */
export const legacyEvents = fc.array(
  fc.oneof(
    legacyFact('v1.FileCreated', { path, contentHash: hash, metadataJson, createdAt: date, updatedAt: date }),
    legacyFact('v1.FileUpdated', {
      ...{ path, contentHash: hash, metadataJson, updatedAt: date },
      ...{ remoteKey: url, remoteUrl: url },
    }),
    legacyFact('v1.FileDeleted', { deletedAt: date }),
  ),
  { maxLength: 10 },
)

/** The same event about things of one's own: opId, ids and remote keys begin with `prefix`. */
export const renameKeys = (event: PoolEvent, prefix: string): PoolEvent => {
  const args: Record<string, unknown> = { ...event.args }
  for (const key of ['id', 'remoteKey', 'basedOn']) if (typeof args[key] === 'string') args[key] = prefix + args[key]
  return { ...event, opId: prefix + event.opId, args } as unknown as PoolEvent
}

/** LiveStore itself does not get over these as keys in args, see `events.ts`. */
const UNCOMPARABLE = /"(valueOf|toString|constructor|__proto__)":/

/** An event of ours whose args are anything but what they should be. */
export const brokenEvent = fc
  .record({
    name: fc.constantFrom(...EVENT_NAMES),
    args: fc.oneof(
      fc.jsonValue(),
      fc.record({ opId: fc.jsonValue(), id: fc.jsonValue(), remoteKey: fc.integer(), meta: fc.constant(null) }),
      fc.constant({ opId: '', id: 'x', remoteKey: 'shop', at: 1, name: '' }),
      fc.constant({ opId: 'op', id: 'x', meta: '{"half' }),
    ),
  })
  .filter(({ args }) => !UNCOMPARABLE.test(JSON.stringify(args)))
