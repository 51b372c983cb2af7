/** One device's disk: what its tabs share and a kill leaves, each operation with a delay and with faults. */
import { type ContentAddress, hashContent, RockpoolError } from '@rockpool/protocol'
import { memoryBlobStore, type MemoryBlobStoreOptions } from '../memory/blob-store.ts'
import { memoryIndex, memoryIndexStorage } from '../memory/local-index.ts'
import type { BlobStore, WriteOptions } from '../ports/blob-store.ts'
import type { EngineRow, LocalIndex, IndexKey, IndexTable, IndexTables } from '../ports/local-index.ts'
import type { Environment } from './environment.ts'
import { simulatedHashing } from './hashing.ts'
import type { Process } from './scheduler.ts'

export interface Disk {
  /** The index as it is on the disk: what the oracles look at. */
  rows<T extends IndexTable>(table: T): readonly IndexTables[T][]
  /** the content itself, for the oracles */
  readonly contents: BlobStore
  index(process: Process): LocalIndex
  blobs(process: Process): BlobStore
  /** The browser deletes IndexedDB and keeps OPFS. */
  loseIndex(): void
  /** Whether the content is there with the bytes of its address. */
  isIntact(address: ContentAddress): Promise<boolean>
  /** contents on this disk whose bytes were changed in place: they have their length, so that only hashing finds them */
  readonly flipped: ReadonlySet<ContentAddress>
  /** Changes the bytes of content behind the engine's back. */
  damage(address: ContentAddress, how: 'flipped' | 'truncated'): Promise<void>
  /** Has next to no space left, or enough again. */
  setFull(isFull: boolean): void
  /** operations that failed so far */
  readonly failures: number
  /** how often bytes went from the disk, or were damaged, so far */
  readonly removals: number
}

export const makeDisk = (world: Environment): Disk => {
  let storage = memoryIndexStorage()
  const options: MemoryBlobStoreOptions = { clock: world.clock, hashing: simulatedHashing }
  const store = memoryBlobStore(options)
  const flipped = new Set<ContentAddress>()
  const removing =
    <Result>(remove: (address: ContentAddress) => Promise<Result>) =>
    (address: ContentAddress): Promise<Result> => {
      removals++
      flipped.delete(address)
      return remove(address)
    }
  const contents: BlobStore = {
    ...store,
    delete: removing(store.delete),
    quarantine: removing(store.quarantine),
    erase() {
      removals++
      flipped.clear()
      return store.erase()
    },
  }
  let isFull = false
  let failures = 0
  let removals = 0

  const fail = (what: string): RockpoolError => {
    failures++
    return failed(world, what)
  }

  /** Runs one operation: it may fail before it has an effect, or after. */
  const operate = async <A>(process: Process, name: string, run: () => Promise<A>): Promise<A> => {
    const { settings, random } = world
    const slow = random.chance(settings.slowDisk) ? 100 : 1
    await world.pause(process, name, settings.diskDelay * slow)
    if (random.chance(settings.failedBefore)) throw fail(`${name} before`)
    const result = await run()
    await world.pause(process, `${name} is done`, settings.diskDelay)
    if (random.chance(settings.failedAfter)) throw fail(`${name} after`)
    return result
  }

  const newestEpoch = () => (storage.tables.get('engine:engine') as EngineRow | undefined)?.epoch ?? 0

  /** Writes content of several parts in two steps: a tab that dies in between leaves the first parts, each of them whole. */
  const writeTorn = async (process: Process, source: Blob | ReadableStream<Uint8Array>, write: WriteOptions) => {
    const temporary = memoryBlobStore(options)
    const { address } = await temporary.write(source, write)
    const whole = (await temporary.open(address))!
    const numbers = await temporary.parts(address)
    const isNew = (await contents.parts(address)).length === 0
    for (const number of isNew ? numbers.slice(0, world.random.int(0, numbers.length - 1)) : []) {
      world.count('torn write')
      const part = (await temporary.openPart(address, number))!
      await contents.writePart(address, number, new Uint8Array(await part.arrayBuffer()))
    }
    try {
      return await operate(process, 'blobs.write of the other parts', () => contents.write(whole, write))
    } catch (error) {
      if (isNew && !(await contents.open(address))) await contents.delete(address)
      throw error
    }
  }

  return {
    get failures() {
      return failures
    },
    get removals() {
      return removals
    },
    rows: <T extends IndexTable>(table: T) =>
      [...storage.tables].flatMap(([id, row]) => (id.startsWith(`${table}:`) ? [row as IndexTables[T]] : [])),
    contents,
    flipped,

    index(process) {
      const index = memoryIndex(storage)
      let isWriting = false
      return {
        ...index,
        get: (table, key) => operate(process, `index.get ${table}`, () => index.get(table, key)),
        getMany: (table, keys) => operate(process, `index.getMany ${table}`, () => index.getMany(table, keys)),
        getAll: (table, page) => operate(process, `index.getAll ${table}`, () => index.getAll(table, page)),
        keys: (table, page) => operate(process, `index.keys ${table}`, () => index.keys(table, page)),
        write: (changes, options = {}) =>
          operate(process, `index.write ${changes.map(({ table }) => table).join(' ')}`, async () => {
            if (isFull && world.random.chance(0.3)) {
              world.count('index without space')
              throw new RockpoolError('quota_exceeded', 'The simulated disk has no space for this row.')
            }
            const newest = newestEpoch()
            isWriting = true
            // Has all its effects, and calls the listeners, before it returns its promise.
            const written = index.write(changes, options)
            isWriting = false
            const changed = await written
            const { epoch = newest } = options
            if (epoch < newest) world.fail(`${process.name} wrote in epoch ${epoch} although epoch ${newest} has begun`)
            return changed
          }),
        // Other tabs hear of a write by a BroadcastChannel: late, and after this tab.
        subscribe: (listener) =>
          index.subscribe((changed: readonly IndexKey[]) => {
            if (isWriting) listener(changed)
            else world.scheduler.schedule(process, 'index changed', world.delay(5), () => listener(changed))
          }),
      }
    },

    blobs: (process) => ({
      write: async (source, options) => {
        // The bytes of a tab that dies before the end are a temporary file that is swept later.
        await world.pause(process, 'blobs.write begins', world.settings.diskDelay)
        return world.random.chance(world.settings.tornWrites)
          ? writeTorn(process, source, options ?? {})
          : operate(process, 'blobs.write', () => contents.write(source, options))
      },
      writePart: (address, number, bytes) =>
        operate(process, 'blobs.writePart', () => contents.writePart(address, number, bytes)),
      writeFragment: (address, number, start, bytes) =>
        operate(process, 'blobs.writeFragment', async () => {
          world.count('fragment written')
          await contents.writeFragment(address, number, start, bytes)
        }),
      fragments: async (address) => {
        const fragments = await contents.fragments(address)
        if (fragments.length === 0) return fragments
        world.count('fragments found')
        return operate(process, 'blobs.fragments', async () => fragments)
      },
      deleteFragments: (address) =>
        operate(process, 'blobs.deleteFragments', () => {
          world.count('fragments deleted')
          return contents.deleteFragments(address)
        }),
      parts: (address) => operate(process, 'blobs.parts', () => contents.parts(address)),
      openPart: (address, number) => operate(process, 'blobs.openPart', () => contents.openPart(address, number)),
      open: (address) => operate(process, 'blobs.open', () => contents.open(address)),
      quarantine: (address) => operate(process, 'blobs.quarantine', () => contents.quarantine(address)),
      isQuarantined: (address) => operate(process, 'blobs.isQuarantined', () => contents.isQuarantined(address)),
      quarantined: () => operate(process, 'blobs.quarantined', () => contents.quarantined()),
      delete: (address: ContentAddress) => operate(process, 'blobs.delete', () => contents.delete(address)),
      list: () => operate(process, 'blobs.list', () => contents.list()),
      usage: () => operate(process, 'blobs.usage', () => contents.usage()),
      sweep: () => operate(process, 'blobs.sweep', () => contents.sweep()),
      close: async () => {},
      erase: () => operate(process, 'blobs.erase', () => contents.erase()),
    }),

    loseIndex() {
      storage = memoryIndexStorage()
    },

    async isIntact(address) {
      const blob = await contents.open(address)
      if (!blob) return false
      return (await hashContent([new Uint8Array(await blob.arrayBuffer())], simulatedHashing)).address === address
    },

    async damage(address, how) {
      const parts = await contents.parts(address)
      const last = parts.at(-1)!
      const bytes = await Promise.all(
        parts.map(async (number) => new Uint8Array(await (await contents.openPart(address, number))!.arrayBuffer())),
      )
      const { quota = Number.MAX_SAFE_INTEGER } = options
      options.quota = Number.MAX_SAFE_INTEGER
      await contents.delete(address)
      if (how === 'flipped') flipped.add(address)
      for (const [i, number] of parts.entries()) {
        const part = bytes[i]!
        if (number === last && how === 'flipped') part[0]! ^= 1
        await contents.writePart(address, number, number === last && how === 'truncated' ? part.slice(1) : part)
      }
      options.quota = quota
    },

    setFull(full) {
      isFull = full
      options.quota = full ? world.random.int(0, 4 * simulatedHashing.partSize) : Number.MAX_SAFE_INTEGER
    },
  }
}

const failed = (world: Environment, what: string): RockpoolError => {
  world.count(`disk failed ${what.includes('after') ? 'after' : 'before'} its effect`)
  return new RockpoolError('disk_failed', `The simulated disk failed ${what}.`)
}
