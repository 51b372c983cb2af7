import {
  aborted,
  addressParts,
  type ContentAddress,
  type ContentDigest,
  ContentHasher,
  hashContent,
  type Hashing,
  intoParts,
  RockpoolError,
} from '@rockpool/protocol'
import type { PlatformClock } from '../platform/platform.ts'
import { webPlatform } from '../platform/web-platform.ts'
import type { BlobStore, Fragment, WriteOptions } from '../ports/blob-store.ts'
import { readSource } from './read-source.ts'

export interface MemoryBlobStoreOptions {
  /** bytes that fit; may be changed while the store is in use. No limit when not given */
  quota?: number
  /** the page's own when not given */
  readonly clock?: Pick<PlatformClock, 'now'>
  /** parts of 8 MiB and WebCrypto when not given */
  readonly hashing?: Hashing
}

/** Parts by number; whole when all of them are there. */
interface Content {
  readonly parts: Map<number, Blob>
  /** of parts that are not there */
  fragments: readonly Fragment[]
  modifiedAt: number
}

/** A BlobStore in memory. */
export const memoryBlobStore = (options: MemoryBlobStoreOptions = {}): BlobStore => {
  const { clock = webPlatform.clock, hashing } = options
  const contents = new Map<ContentAddress, Content>()
  const damaged = new Map<ContentAddress, Content>()

  const used = (): number =>
    [...contents.values(), ...damaged.values()].reduce((sum, content) => sum + sizeOf(content), 0)
  const quota = (): number => options.quota ?? Number.MAX_SAFE_INTEGER
  const claim = (bytes: number): void => {
    if (used() + bytes > quota()) throw full()
  }
  const whole = (address: ContentAddress): boolean => contents.get(address)?.parts.size === addressParts(address)

  const contentAt = (address: ContentAddress): Content =>
    contents.get(address) ?? { parts: new Map(), fragments: [], modifiedAt: 0 }

  const write = async (
    source: Blob | ReadableStream<Uint8Array>,
    { signal, maxSize = Number.POSITIVE_INFINITY, onProgress }: WriteOptions = {},
  ): Promise<ContentDigest> => {
    const hasher = new ContentHasher(hashing)
    const parts = new Map<number, Blob>()
    let written = 0
    for await (const part of intoParts(limited(readSource(source, signal), maxSize), hashing)) {
      await hasher.add(part)
      written += part.length
      claim(written)
      parts.set(parts.size + 1, new Blob([part]))
      onProgress?.(written)
    }
    const digest = await hasher.finish()
    if (signal?.aborted) throw aborted(signal)
    // The new bytes are proven, and those of before may be damaged since.
    contents.set(digest.address, { parts, fragments: [], modifiedAt: clock.now() })
    return digest
  }

  return {
    write,

    async writePart(address, number, bytes) {
      const content = contentAt(address)
      if (content.parts.has(number)) return
      claim(bytes.length)
      content.parts.set(number, new Blob([bytes]))
      content.fragments = content.fragments.filter((fragment) => fragment.number !== number)
      content.modifiedAt = clock.now()
      contents.set(address, content)
    },

    async writeFragment(address, number, start, bytes) {
      const content = contentAt(address)
      if (content.parts.has(number)) return
      claim(bytes.length)
      content.fragments = [...content.fragments, { number, start, bytes: new Blob([bytes]) }]
      content.modifiedAt = clock.now()
      contents.set(address, content)
    },

    async fragments(address) {
      return contents.get(address)?.fragments ?? []
    },

    async deleteFragments(address) {
      const content = contents.get(address)
      if (!content) return
      content.fragments = []
      if (content.parts.size === 0) contents.delete(address)
    },

    async parts(address) {
      return [...(contents.get(address)?.parts.keys() ?? [])].toSorted((a, b) => a - b)
    },

    async openPart(address, number) {
      return contents.get(address)?.parts.get(number)
    },

    async open(address) {
      const content = contents.get(address)
      return content && whole(address) ? joined(content) : undefined
    },

    async quarantine(address) {
      while (true) {
        const content = contents.get(address)
        if (!content) return 'absent'
        if (whole(address)) {
          const isIntact = (await hashContent(joined(content).stream(), hashing)).address === address
          if (contents.get(address) !== content) continue // written again while it was hashed
          if (isIntact) return 'intact'
        }
        contents.delete(address)
        if (content.parts.size > 0) damaged.set(address, { ...content, fragments: [] })
        return 'absent'
      }
    },

    async isQuarantined(address) {
      return damaged.has(address)
    },

    async quarantined() {
      return [...damaged.keys()]
    },

    async delete(address) {
      contents.delete(address)
      damaged.delete(address)
    },

    async list() {
      return [...contents].map(([address, content]) => ({
        address,
        size: sizeOf(content),
        complete: whole(address),
        modifiedAt: content.modifiedAt,
      }))
    },

    async usage() {
      return { used: used(), quota: quota() }
    },

    // What a write has not finished is never kept here.
    async sweep() {
      const healed = [...damaged.keys()].filter(whole)
      for (const address of healed) damaged.delete(address)
      return healed.length
    },

    async close() {},

    async erase() {
      contents.clear()
      damaged.clear()
    },
  }
}

const sizeOf = ({ parts, fragments }: Content): number =>
  [...parts.values(), ...fragments.map(({ bytes }) => bytes)].reduce((sum, { size }) => sum + size, 0)

const joined = (content: Content): Blob =>
  new Blob([...content.parts].toSorted(([a], [b]) => a - b).map(([, part]) => part))

async function* limited(chunks: AsyncIterable<Uint8Array>, maxSize: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > maxSize) {
      throw new RockpoolError('too_large', `This file is larger than the ${maxSize} bytes that are allowed here.`)
    }
    yield chunk
  }
}

const full = (): RockpoolError =>
  new RockpoolError('quota_exceeded', 'The disk space for this app is used up. Free some space and try again.')
