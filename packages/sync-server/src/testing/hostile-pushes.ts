/** What an adversary with a good token pushes: each is refused with its code, or is harmless to those who read. */

const lists = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

const ADDED = 'v2.FileAdded'

/** What a push is refused with: its status, or the codes of its events; none if all are taken. */
export type Outcome = number | readonly string[]

/** What a push is made of. */
export interface Ingredients {
  /** The event with the n-th number behind the log. */
  readonly event: (n: number, name: string, args: unknown) => object
  /** Args of a good FileAdded. */
  readonly added: (change?: object) => object
  /** the last number in the log */
  readonly head: number
  /** as the events of another device have them */
  readonly victim: { readonly clientId: string; readonly sessionId: string }
}

/** `cases/hostile-records/poison.mjs`, in its order: a name, the events of one push, and how the server responds. */
export const HOSTILE_PUSHES: readonly [string, (of: Ingredients) => readonly object[], Outcome][] = [
  ['a good event', ({ event, added }) => [event(1, ADDED, added())], []],
  ['a name that no client knows', ({ event }) => [event(1, 'hack.Unknown', { x: 1 })], []],
  ['names that every object has', ({ event }) => [event(1, '__proto__', {}), event(2, 'constructor', {})], []],
  ['no name', ({ event }) => [event(1, '__proto__', {}), event(2, '', {})], ['bad_event']],
  ['args null', ({ event }) => [event(1, ADDED, null)], ['bad_event']],
  [
    'args of other types',
    ({ event }) => [event(1, ADDED, []), event(2, ADDED, 'x'), event(3, ADDED, 7), event(4, ADDED, true)],
    ['bad_event', 'bad_event', 'bad_event', 'bad_event'],
  ],
  ["args null of an app's event", ({ event }) => [event(1, 'x.y', null)], []],
  ['1,000 levels of metadata', ({ event, added }) => [event(1, ADDED, added({ meta: lists(1_000) }))], ['bad_meta']],
  ['2,000 levels of metadata', ({ event, added }) => [event(1, ADDED, added({ meta: lists(2_000) }))], ['bad_meta']],
  ['3,000 levels of metadata', ({ event, added }) => [event(1, ADDED, added({ meta: lists(3_000) }))], ['bad_meta']],
  ['20,000 levels of metadata', ({ event, added }) => [event(1, ADDED, added({ meta: lists(20_000) }))], ['bad_meta']],
  [
    '200,000 levels of metadata',
    ({ event, added }) => [event(1, ADDED, added({ meta: lists(200_000) }))],
    ['event_too_large'],
  ],
  [
    'an edit with 100,000 levels of metadata',
    ({ event }) => [event(1, 'v2.FileMetaSet', { opId: 'o', id: 'first', at: 1, meta: objects(100_000) })],
    ['event_too_large'],
  ],
  [
    '3,000 levels of args',
    ({ event, added }) => [event(1, ADDED, { ...added(), x: JSON.parse(lists(3_000)) })],
    ['bad_event'],
  ],
  ["800 levels of an app's args", ({ event }) => [event(1, 'x.y', JSON.parse(lists(800)))], ['bad_event']],
  ['the largest number', ({ event, added }) => [{ ...event(1, ADDED, added()), seqNum: Number.MAX_SAFE_INTEGER }], 400],
  ['a number after a gap', ({ event, added, head }) => [{ ...event(1, ADDED, added()), seqNum: head + 1_000 }], 400],
  ['the number 1e300', ({ event, added }) => [{ ...event(1, ADDED, added()), seqNum: 1e300 }], 400],
  ['the number 1.5', ({ event, added }) => [{ ...event(1, ADDED, added()), seqNum: 1.5 }], 400],
  ['the number -5', ({ event, added }) => [{ ...event(1, ADDED, added()), seqNum: -5 }], 400],
  ['the number 0', ({ event, added }) => [{ ...event(1, ADDED, added()), seqNum: 0 }], 400],
  [
    'numbers that are not in order',
    ({ event, added, head }) => [
      { ...event(1, ADDED, added()), seqNum: head + 4 },
      { ...event(2, ADDED, added()), seqNum: head + 2 },
    ],
    400,
  ],
  [
    'another parent',
    ({ event, added, head }) => [event(1, ADDED, added()), { ...event(2, ADDED, added()), parentSeqNum: head + 76 }],
    400,
  ],
  ['a time before all calendars', ({ event, added }) => [event(1, ADDED, added({ at: -9e15 }))], ['bad_event']],
  [
    'lone surrogates',
    ({ event, added }) => [event(1, ADDED, added({ id: 'evil\ud800', name: '\udc00' }))],
    ['bad_event'],
  ],
  ['NUL', ({ event, added }) => [event(1, ADDED, added({ id: 'e\0vil', opId: 'x\0', name: 'a\0b' }))], ['bad_event']],
  [
    'the largest size',
    ({ event, added }) => [event(1, ADDED, added({ size: Number.MAX_SAFE_INTEGER }))],
    ['too_large'],
  ],
  ['the ids of another device', ({ event, added, victim }) => [{ ...event(1, ADDED, added()), ...victim }], []],
  [
    'keys that every object has',
    ({ event, added }) => [event(1, ADDED, { ...added(), valueOf: 1, toString: 1, constructor: 1 })],
    [],
  ],
  [
    'a name of 700 kB',
    ({ event, added }) => [event(1, ADDED, added({ name: 'x'.repeat(700_000) }))],
    ['event_too_large'],
  ],
  ['a name of 1.5 MB', ({ event, added }) => [event(1, ADDED, added({ name: 'x'.repeat(1_500_000) }))], 413],
  ['a name of 10 MB', ({ event, added }) => [event(1, ADDED, added({ name: 'x'.repeat(10_000_000) }))], 413],
  [
    'ids of 100 kB',
    ({ event, added }) => [{ ...event(1, ADDED, added()), clientId: `${'x'.repeat(100_000)}'\0;--`, sessionId: '' }],
    ['event_too_large'],
  ],
  // `cases/hostile-records/oversize-event.mjs`
  [
    "an app's event of 800 kB",
    ({ event }) => [event(1, 'app.Note', { text: 'x'.repeat(800_000) })],
    ['event_too_large'],
  ],
  ["an app's event of 1.2 MB", ({ event }) => [event(1, 'app.Note', { text: 'x'.repeat(1_200_000) })], 413],
]
