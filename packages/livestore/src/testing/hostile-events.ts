/** Events that an adversary appends to a log whose server checks nothing. */

/** As a log keeps it, without its number. */
export interface HostileEvent {
  readonly name: string
  readonly argsJson: string | undefined
  readonly clientId?: string
  readonly sessionId?: string
}

const FILE_ADDED = 'v2.FileAdded'
const ADDRESS = 'ab'.repeat(32)

let opIds = 0

/** The args of a good FileAdded as the log holds them. */
export const fileArgs = (storeId: string, id: string): Record<string, unknown> => ({
  opId: `hostile-${opIds++}`,
  id,
  name: id,
  type: 'text/plain',
  size: 1,
  remoteKey: `${storeId}/files/${ADDRESS}`,
  meta: '{}',
  at: 1_700_000_000_000,
})

export const event = (name: string, args: unknown, from: Partial<HostileEvent> = {}): HostileEvent => ({
  name,
  argsJson: args === undefined ? undefined : JSON.stringify(args),
  ...from,
})

export const fileAdded = (storeId: string, id: string, change: Record<string, unknown> = {}): HostileEvent =>
  event(FILE_ADDED, { ...fileArgs(storeId, id), ...change })

/** JSON text of nested lists, or of nested objects. */
const deepLists = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
const deepObjects = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

/** The args with a field that is given as JSON text: `JSON.stringify` recurses. */
const withJson = (args: Record<string, unknown>, field: string, json: string): string =>
  `${JSON.stringify(args).slice(0, -1)},"${field}":${json}}`

const megabytes = (count: number): string => 'x'.repeat(count * 1_000_000)

/** By name: the events of one adversary. Files that may be listed have the id. */
export const HOSTILE_EVENTS: Readonly<Record<string, (storeId: string, id: string) => readonly HostileEvent[]>> = {
  'a good event of another client': (s, id) => [fileAdded(s, id)],
  'an unknown name': () => [event('hack.Unknown', { x: 1 })],
  'an unknown name with null as args': () => [event('x.y', null)],
  'an unknown name without args': () => [event('x.y', undefined)],
  'names of Object.prototype': () => [
    event('__proto__', {}),
    event('constructor', {}),
    event('toString', {}),
    event('', {}),
  ],
  'a name of LiveStore itself': () => [event('livestore.SetTable', { x: 1 }), event('livestore.RawSQL', { sql: 'x' })],
  'null as args': () => [event(FILE_ADDED, null)],
  'no args': () => [event(FILE_ADDED, undefined)],
  'args of other types': () => [[], 'x', 7, true].map((args) => event(FILE_ADDED, args)),
  'metadata 1,000 levels deep': (s, id) => [fileAdded(s, id, { meta: deepLists(1_000) })],
  'metadata 2,000 levels deep': (s, id) => [fileAdded(s, id, { meta: deepLists(2_000) })],
  'metadata 3,000 levels deep': (s, id) => [fileAdded(s, id, { meta: deepLists(3_000) })],
  'metadata 20,000 levels deep': (s, id) => [fileAdded(s, id, { meta: deepLists(20_000) })],
  'metadata 200,000 levels deep': (s, id) => [fileAdded(s, id, { meta: deepLists(200_000) })],
  'FileMetaSet 100,000 levels deep': () => [
    event('v2.FileMetaSet', { opId: 'deep', id: 'first', at: 1, meta: deepObjects(100_000) }),
  ],
  'metadata as an object 20,000 levels deep': (s, id) => [
    {
      name: FILE_ADDED,
      argsJson: withJson({ ...fileArgs(s, id), meta: undefined }, 'meta', deepObjects(20_000)),
    },
  ],
  'args 800 levels deep': () => [{ name: 'x.y', argsJson: deepLists(800) }],
  'args 3,000 levels deep': (s, id) => [
    { name: FILE_ADDED, argsJson: withJson(fileArgs(s, id), 'x', deepLists(3_000)) },
  ],
  'args 200,000 levels deep': (s, id) => [
    { name: FILE_ADDED, argsJson: withJson(fileArgs(s, id), 'x', deepLists(200_000)) },
  ],
  'an unknown name with args 200,000 levels deep': () => [{ name: 'x.y', argsJson: deepLists(200_000) }],
  'times before 1970 and after 9999': (s, id) => [
    fileAdded(s, id, { at: -9e15 }),
    event('v2.FileRenamed', { opId: 'late', id, name: 'late', at: 9e15 }),
    event('v2.FileDeleted', { opId: 'huge', id: 'first', at: 1e300 }),
  ],
  'numbers out of range': (s, id) => [
    ...[-1, 1.5, 1e300, -0, 2 ** 53].map((size) => fileAdded(s, id, { size })),
    event('v2.FileRenamed', { opId: 'fraction', id: 'first', name: 'x', at: 0.5 }),
  ],
  'the largest size': (s, id) => [fileAdded(s, id, { size: Number.MAX_SAFE_INTEGER })],
  'lone surrogates': (s, id) => [
    fileAdded(s, id, { name: '\uDC00' }),
    fileAdded(s, `${id}\uD800`, { opId: 'x\uD800', type: '\uD800' }),
  ],
  NUL: (s, id) => [fileAdded(s, id, { name: 'a\0b' }), fileAdded(s, 'first\0', { opId: 'x\0', type: '\0' })],
  'an id and an opId of 100 kB': (s, id) => [
    fileAdded(s, `${id}${'x'.repeat(100_000)}`, { opId: 'y'.repeat(100_000) }),
  ],
  'the client id of the victim': (s, id) => [{ ...fileAdded(s, id), clientId: 'victim', sessionId: 'static' }],
  'a client id of 100 kB': (s, id) => [
    { ...fileAdded(s, id), clientId: `${'x'.repeat(100_000)}'\0;--`, sessionId: '' },
  ],
  'fields of Object.prototype': (s, id) => [
    fileAdded(s, id, { valueOf: 1, toString: 1, constructor: 1, hasOwnProperty: 1 }),
    { name: FILE_ADDED, argsJson: withJson(fileArgs(s, id), '__proto__', '{"id":"other"}') },
  ],
  'the fields of the victim client with Object.prototype': (s, id) => [
    {
      ...fileAdded(s, id, { valueOf: 1, toString: 1, constructor: 1 }),
      clientId: 'victim',
      sessionId: 'static',
    },
  ],
  'a name with bidi controls and line breaks': (s, id) => [fileAdded(s, id, { name: 'invoice\u202Efdp\n.exe' })],
  'a name of 0.7 MB': (s, id) => [fileAdded(s, id, { name: 'x'.repeat(700_000) })],
  'a name of 1.5 MB': (s, id) => [fileAdded(s, id, { name: 'x'.repeat(1_500_000) })],
  'a name of 2 MB': (s, id) => [fileAdded(s, id, { name: megabytes(2) })],
  'a name of 10 MB': (s, id) => [fileAdded(s, id, { name: megabytes(10) })],
  'metadata of 10 MB': (s, id) => [fileAdded(s, id, { meta: JSON.stringify({ a: megabytes(10) }) })],
}
