/**
 * Collectors, and clients that upload, report late and evict, in any order of their calls, with any time between them:
 * only a delete that was sent takes effect within 15 minutes. (S3 refuses requests that were signed earlier; a local store
 * is in the same process.)
 */
import { type ObjectStore, ObjectStoreError } from '@rockpool/object-store'
import { isRockpoolError, partsKey, type RemoteKey } from '@rockpool/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Turn, Turns } from '../testing/turns.ts'
import { collect } from './collect.ts'
import type { LiveSets } from './live-set.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

interface World {
  now: number
  readonly key: RemoteKey
  /** what a whole content consists of, in the order in which a client writes it */
  readonly needed: readonly string[]
  /** with their write times */
  readonly objects: Map<string, { readonly at: number; readonly bytes?: Uint8Array<ArrayBuffer> }>
  /** what happened: a content is named by `added`; `read` is a collector's reading of the log, `deleted` its deleting */
  readonly history: {
    readonly kind: 'added' | 'stored' | 'lost' | 'read' | 'deleted'
    readonly by: string
    at: number
  }[]
  /** clients that have the bytes */
  readonly holders: Set<string>
}

const happened = (world: World, by: string, ...kinds: World['history'][number]['kind'][]) => {
  for (const kind of kinds) world.history.push({ kind, by, at: world.now })
}
const last = (world: World, ...kinds: string[]) => world.history.findLastIndex(({ kind }) => kinds.includes(kind))
const named = (world: World) => last(world, 'added') >= 0
const whole = ({ objects, needed }: World) => needed.every((name) => objects.has(name))

const storeOf = (world: World, name: string, turn: Turn): ObjectStore =>
  ({
    get: (key: string) =>
      turn(() => {
        const bytes = world.objects.get(key)?.bytes
        if (!bytes) throw new ObjectStoreError('not_found', 'There is none.')
        return { body: new Blob([bytes]).stream(), info: { size: bytes.length } }
      }),
    put: (key: string, bytes: Uint8Array<ArrayBuffer>, { ifNoneMatch }: { ifNoneMatch?: '*' }) =>
      turn(() => {
        if (ifNoneMatch && world.objects.has(key)) throw new ObjectStoreError('precondition_failed', 'It is there.')
        world.objects.set(key, { at: world.now, bytes })
      }),
    exists: (key: string) => turn(() => world.objects.has(key)),
    delete: (key: string) =>
      turn(() => {
        if (world.objects.delete(key) && world.needed.includes(key)) happened(world, name, 'deleted')
      }, 'delete'),
    list: (prefix: string) =>
      turn(() => ({
        objects: [...world.objects]
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, { at }]) => ({ key, modifiedAt: at, size: 1, etag: '' }))
          .sort((a, b) => (a.key < b.key ? -1 : 1)),
      })),
  }) as unknown as ObjectStore

const liveSetsOf = (world: World, name: string, turn: Turn): LiveSets => ({
  storeIds: async () => ['reef'],
  read: () =>
    turn(() => {
      // Another file is live all along.
      const keys = new Set([`reef/files/${'0'.repeat(64)}` as RemoteKey, ...(named(world) ? [world.key] : [])])
      happened(world, name, 'read')
      return { logId: 'log', live: keys, named: keys }
    }),
  reportLost: () => turn(() => happened(world, name, 'lost')),
})

/** As `serve` does. A run that another collector is in the way of ends, and has done nothing. */
const collector = (world: World, name: string) => async (turn: Turn) => {
  const [store, liveSets] = [storeOf(world, name, turn), liveSetsOf(world, name, turn)]
  await collect({ store, liveSets, storeId: 'reef', now: () => world.now }).catch((error: unknown) => {
    if (!isRockpoolError(error, 'conflict')) throw error
  })
}

/** As the engine does: upload unless stored, report, evict an hour later if it is still stored; send again what got lost. */
const client = (world: World, name: string) => async (turn: Turn) => {
  const { key, needed, objects } = world
  world.holders.add(name)
  const write = (each: string) => turn(() => void (objects.has(each) || objects.set(each, { at: world.now })))
  // As `/multipart` and `/multipart/complete`: the digest list is written first, and is put right when the content is there.
  const upload = async () => {
    const stored = await turn(() => objects.has(key))
    for (const each of needed) if (each !== key || !stored) await write(each)
  }
  // As `/download-url` with `check`.
  const stillStored = async () => {
    for (const each of needed) if (!(await turn(() => objects.has(each)))) return false
    return true
  }
  await upload()
  let reported = -1
  await turn(() => {
    happened(world, name, 'added', 'stored')
    reported = world.now
  })
  for (let round = 0; round < 3; round++) {
    const lost = await turn(() => last(world, 'lost') > last(world, 'stored'))
    if (lost && world.holders.has(name)) {
      await upload()
      await turn(() => {
        happened(world, name, 'stored')
        reported = world.now
      })
    }
    const old = await turn(() => world.now - reported > HOUR)
    if (old && (await stillStored())) await turn(() => world.holders.delete(name))
  }
}

const DELETE_TAKES = 15 * 60_000
/** What a dead collector was deleting is looked at by another one 20 minutes after it was noted: at least so long after. */
const TAKEN_OVER_AFTER = 20 * 60_000 - DELETE_TAKES - 61_000
const PAUSES = [0, 0, 0, 1_000, 30_000, 61_000, HOUR + 1, DAY, 8 * DAY]

interface Play {
  readonly choices: readonly { readonly who: number; readonly pause: number }[]
  readonly parts: number
  /** which of its objects an upload of long ago has left */
  readonly left: readonly boolean[]
  readonly clients: readonly string[]
  readonly collectors: readonly string[]
  /** calls after which the first collector dies; it lives when not given */
  readonly killAfter?: number | undefined
}

const play = async ({ choices, parts, left, clients, collectors, killAfter = Infinity }: Play): Promise<World> => {
  const key = `reef/files/${'a'.repeat(64)}${parts > 1 ? `-${parts}` : ''}` as RemoteKey
  const needed = parts > 1 ? [partsKey(key), key] : [key]
  // An upload of long ago that nobody reported: it may go, unless somebody finds it and names it.
  const objects: World['objects'] = new Map(needed.filter((_, i) => left[i]).map((name) => [name, { at: 0 }]))
  const world: World = { now: 10 * DAY, key, needed, objects, history: [], holders: new Set() }
  // The first run only plans.
  await collector(world, 'first')(async (call) => call())
  const turns = new Turns()
  const ends = [
    ...clients.map((name) => turns.start(name, client(world, name))),
    ...collectors.map((name) => turns.start(name, collector(world, name))),
  ]
  let calls = 0
  /** when the deletes were sent that wait to take effect */
  const sent = new Map<string, number>()
  for (let i = 0; ; i++) {
    const dead = calls >= killAfter ? collectors[0] : undefined
    const able = [...turns.waiting.keys()].filter((name) => name !== dead).sort()
    if (able.length === 0) break
    const choice = choices[i % choices.length]!
    const then = world.now + PAUSES[choice.pause % PAUSES.length]!
    // A delete under way is not overtaken by hours.
    const deletes = able.filter((name) => turns.waiting.get(name)?.kind === 'delete')
    for (const name of sent.keys()) if (!deletes.includes(name)) sent.delete(name)
    for (const name of deletes) if (!sent.has(name)) sent.set(name, world.now)
    const [first, at] = [...sent].sort(([, a], [, b]) => a - b)[0] ?? ['', Infinity]
    const late = then > at + DELETE_TAKES
    const name = late ? first : able[choice.who % able.length]!
    world.now = late ? at + DELETE_TAKES : then
    if (name === collectors[0]) calls++
    sent.delete(name)
    await turns.give(name)
  }
  if (killAfter === Infinity) await Promise.all(ends)
  return world
}

/** The next hour's run, alone. */
const nextRun = async (world: World) => {
  world.now += HOUR
  await collector(world, 'next')(async (call) => call())
}

/**
 * Whether what was deleted last was told, so that a holder sends it again: unless it was named only after its collector,
 * or the one that found it pending, had looked again. Whoever named it so late finds out before it evicts.
 */
const toldOrLate = (world: World, dead: string | undefined): boolean => {
  const deleted = last(world, 'deleted')
  if (deleted < 0) return true
  const { by, at } = world.history[deleted]!
  const since = world.history.slice(deleted)
  const looked = since.findIndex(
    (each) => each.kind === 'read' && (each.by === by || (by === dead && each.at - at >= TAKEN_OVER_AFTER)),
  )
  const late = world.history.findIndex(({ kind }) => kind === 'added') > deleted + looked
  return late || since.some(({ kind }) => kind === 'lost')
}

const choices = fc.array(fc.record({ who: fc.nat(11), pause: fc.nat(PAUSES.length - 1) }), {
  minLength: 8,
  maxLength: 60,
})
const plays = {
  choices,
  clients: fc.constantFrom(['a'], ['a', 'b']),
  collectors: fc.constantFrom(['collector'], ['collector', 'other']),
}

describe.each([
  ['one part', 1, fc.constant([true])],
  ['several parts', 2, fc.constantFrom([true, true], [true, false], [false, true])],
] as const)('a content of %s', (_, parts, left) => {
  test('no order of calls leaves it named and without bytes somewhere, and a collector tells whoever can heal it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ ...plays, left }), async (each) => {
        const world = await play({ ...each, parts })
        if (!named(world) || whole(world)) return
        expect(world.holders.size).toBeGreaterThan(0)
        expect(toldOrLate(world, undefined)).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  test('nor does a collector that dies at any of its calls, whatever another one does: the next run tells', async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ ...plays, left, killAfter: fc.nat(16) }), async (each) => {
        const world = await play({ ...each, parts })
        await nextRun(world)
        if (!named(world) || whole(world)) return
        expect(world.holders.size).toBeGreaterThan(0)
        expect(toldOrLate(world, each.collectors[0])).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  test('the adversary does its work: contents are deleted, in halves, named meanwhile, lost and healed', async () => {
    const seen = { deleted: 0, kept: 0, told: 0, healed: 0, evicted: 0, ...(parts > 1 && { halved: 0 }) }
    await fc.assert(
      fc.asyncProperty(fc.record({ ...plays, left }), async (each) => {
        const world = await play({ ...each, parts })
        const told = last(world, 'lost') >= 0
        if (whole(world)) seen.kept++
        else seen.deleted++
        if (told) seen.told++
        if (told && whole(world)) seen.healed++
        if (world.holders.size === 0) seen.evicted++
        if ('halved' in seen && !whole(world) && world.needed.some((name) => world.objects.has(name))) seen.halved++
      }),
      { numRuns: 2_000, seed: 1 },
    )
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0)
  })
})
