/**
 * The collector, and clients that upload, report late and evict, in any order of their calls, with any time between them:
 * only a delete that was sent takes effect within 15 minutes. (S3 refuses requests that were signed earlier; a local store
 * is in the same process.)
 */
import { type ObjectStore, ObjectStoreError } from '@rockpool/object-store'
import type { RemoteKey } from '@rockpool/protocol'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { collect } from './collect.ts'
import type { LiveSets } from './live-set.ts'

vi.setConfig({ testTimeout: 120_000 })

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR
const KEY = `reef/files/${'a'.repeat(64)}` as RemoteKey

type Turn = <A>(call: () => A, kind?: 'delete') => Promise<A>

/** Every call of every actor waits here for its turn. */
class Turns {
  readonly waiting = new Map<string, { readonly go: () => void; readonly kind: string | undefined }>()
  running = 0
  #idle: (() => void) | undefined

  start(name: string, act: (turn: Turn) => Promise<void>): Promise<void> {
    this.running++
    const turn: Turn = async (call, kind) => {
      await new Promise<void>((go) => {
        this.waiting.set(name, { go, kind })
        this.#rest()
      })
      return call()
    }
    return act(turn).finally(() => this.#rest())
  }

  /** Lets one actor make its call, and comes back when all wait again or have ended. */
  async give(name: string): Promise<void> {
    const idle = new Promise<void>((resolve) => (this.#idle = resolve))
    const { go } = this.waiting.get(name)!
    this.waiting.delete(name)
    this.running++
    go()
    await idle
  }

  #rest() {
    if (--this.running === 0) this.#idle?.()
  }
}

interface World {
  now: number
  /** write times */
  readonly objects: Map<string, number>
  /** in the log, with its time; a content is named by an add */
  readonly log: { readonly kind: 'added' | 'stored' | 'lost'; readonly at: number }[]
  /** clients that have the bytes */
  readonly holders: Set<string>
}

const named = (world: World) => world.log.some(({ kind }) => kind === 'added')

const storeOf = (world: World, turn: Turn): ObjectStore => {
  const body = new Map<string, Uint8Array<ArrayBuffer>>()
  const missing = () => new ObjectStoreError('not_found', 'There is none.')
  return {
    get: (key: string) =>
      turn(() => {
        const bytes = body.get(key)
        if (!bytes) throw missing()
        return { body: new Blob([bytes]).stream() }
      }),
    put: (key: string, bytes: Uint8Array<ArrayBuffer>) =>
      turn(() => void (body.set(key, bytes), world.objects.set(key, world.now))),
    exists: (key: string) => turn(() => world.objects.has(key)),
    delete: (key: string) => turn(() => void world.objects.delete(key), 'delete'),
    list: () =>
      turn(() => ({
        objects: [...world.objects]
          .filter(([key]) => key.startsWith('reef/'))
          .map(([key, modifiedAt]) => ({ key, modifiedAt, size: 1, etag: '' })),
      })),
  } as unknown as ObjectStore
}

const liveSetsOf = (world: World, turn: Turn): LiveSets => ({
  storeIds: async () => ['reef'],
  read: () =>
    turn(() => {
      const keys = new Set(named(world) ? [KEY] : [])
      return { logId: 'log', live: keys, named: keys }
    }),
  reportLost: () => turn(() => void world.log.push({ kind: 'lost', at: world.now })),
})

/** As the engine does: upload unless stored, report, evict an hour later if it is still stored; send again what got lost. */
const client = (world: World, name: string) => async (turn: Turn) => {
  world.holders.add(name)
  const upload = async () => {
    if (!(await turn(() => world.objects.has(KEY)))) await turn(() => world.objects.set(KEY, world.now))
  }
  await upload()
  let reported = -1
  await turn(() => {
    world.log.push({ kind: 'added', at: world.now }, { kind: 'stored', at: world.now })
    reported = world.now
  })
  for (let round = 0; round < 3; round++) {
    const lost = await turn(
      () =>
        world.log.findLastIndex(({ kind }) => kind === 'lost') >
        world.log.findLastIndex(({ kind }) => kind === 'stored'),
    )
    if (lost && world.holders.has(name)) {
      await upload()
      await turn(() => {
        world.log.push({ kind: 'stored', at: world.now })
        reported = world.now
      })
    }
    const old = await turn(() => world.now - reported > HOUR)
    if (old && (await turn(() => world.objects.has(KEY)))) await turn(() => world.holders.delete(name))
  }
}

const DELETE_TAKES = 15 * 60_000
const PAUSES = [0, 0, 0, 1_000, 30_000, 61_000, HOUR + 1, DAY, 8 * DAY]

const play = async (
  choices: readonly { readonly who: number; readonly pause: number }[],
  clients: readonly string[],
  killAfter: number,
): Promise<World & { readonly finished: boolean; readonly lastRead: number }> => {
  // An upload of long ago that nobody reported: it may go, unless somebody finds it and names it.
  const world: World = { now: 10 * DAY, objects: new Map([[KEY, 0]]), log: [], holders: new Set() }
  const turns = new Turns()
  let finished = false
  let lastRead = 0
  const ends = clients.map((name) => turns.start(name, client(world, name)))
  ends.push(
    turns.start('collector', async (turn) => {
      const store = storeOf(world, turn)
      const sets = liveSetsOf(world, turn)
      const liveSets: LiveSets = {
        ...sets,
        read: async (storeId, signal) => {
          const set = await sets.read(storeId, signal)
          lastRead = world.now
          return set
        },
      }
      await collect({ store, liveSets, storeId: 'reef', now: () => world.now })
      finished = true
    }),
  )
  let collectorCalls = 0
  /** since when the collector's next call has been waiting */
  let deleteSent = world.now
  for (let i = 0; turns.waiting.size > 0; i++) {
    const choice = choices[i % choices.length]!
    const names = [...turns.waiting.keys()].sort()
    const killed = collectorCalls >= killAfter
    const able = killed ? names.filter((name) => name !== 'collector') : names
    if (able.length === 0) break
    const pause = PAUSES[choice.pause % PAUSES.length]!
    // A delete under way is not overtaken by hours.
    const deadline =
      !killed && turns.waiting.get('collector')?.kind === 'delete' ? deleteSent + DELETE_TAKES : world.now + pause
    const name = world.now + pause > deadline ? 'collector' : able[choice.who % able.length]!
    world.now = Math.min(world.now + pause, deadline)
    if (name === 'collector') collectorCalls++
    await turns.give(name)
    if (name === 'collector') deleteSent = world.now
  }
  if (killAfter === Number.POSITIVE_INFINITY) await Promise.all(ends)
  return { ...world, finished, lastRead }
}

const choices = fc.array(fc.record({ who: fc.nat(11), pause: fc.nat(PAUSES.length - 1) }), {
  minLength: 8,
  maxLength: 60,
})

test('no order of calls leaves a named content without bytes somewhere, and the collector tells whoever can heal it', async () => {
  await fc.assert(
    fc.asyncProperty(choices, fc.constantFrom(['a'], ['a', 'b']), async (choices, clients) => {
      const world = await play(choices, clients, Number.POSITIVE_INFINITY)
      expect(world.finished).toBe(true)
      if (!named(world) || world.objects.has(KEY)) return
      expect(world.holders.size).toBeGreaterThan(0)
      // Named before the collector looked again: it has said so. Named later: the holder finds out before it evicts.
      const told = world.log.some(({ kind }) => kind === 'lost')
      const late = world.log.find(({ kind }) => kind === 'added')!.at >= world.lastRead
      expect(told || late).toBe(true)
    }),
    { numRuns: 3_000 },
  )
})

test('nor does a collector that dies at any of its calls', async () => {
  await fc.assert(
    fc.asyncProperty(choices, fc.nat(10), async (choices, killAfter) => {
      const world = await play(choices, ['a', 'b'], killAfter)
      if (named(world) && !world.objects.has(KEY)) expect(world.holders.size).toBeGreaterThan(0)
    }),
    { numRuns: 2_000 },
  )
})

test('the adversary does its work: contents are deleted, named meanwhile, lost and healed', async () => {
  const seen = { deleted: 0, kept: 0, told: 0, healed: 0, evicted: 0 }
  await fc.assert(
    fc.asyncProperty(choices, async (choices) => {
      const world = await play(choices, ['a'], Number.POSITIVE_INFINITY)
      const told = world.log.some(({ kind }) => kind === 'lost')
      if (world.objects.has(KEY)) seen.kept++
      else seen.deleted++
      if (told) seen.told++
      if (told && world.objects.has(KEY)) seen.healed++
      if (world.holders.size === 0) seen.evicted++
    }),
    { numRuns: 2_000, seed: 1 },
  )
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0)
})
