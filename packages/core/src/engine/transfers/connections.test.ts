/** What all transfers of a pool share: connections, lanes and the order in which they come. */
import { addressOfKey, PART_SIZE, sha256 } from '@rockpool/protocol'
import { Effect, TestClock } from 'effect'
import { expect, test } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import { testPlatform } from '../../testing/test-platform.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Pool } from '../../pool.ts'
import type { FileRecord } from '../../records/record.ts'
import { memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { sampleBytes } from '../../testing/sample-bytes.ts'
import { type Send, sendByFetch } from './http.ts'
import { promise, runWithTestClock } from '../../testing/test-effects.ts'

const PART = 256
const digest = (bytes: BufferSource) => sha256(bytes)
const hashing = { partSize: PART, digest }
const platform = { ...testPlatform, hashing }

const turns = promise(async () => {
  for (let i = 0; i < 50; i++) await new Promise((turned) => setImmediate(turned))
})

/** The pool emits nothing for steps this small. */
const becomes = (holds: () => boolean) =>
  promise(async () => {
    while (!holds()) await new Promise((turned) => setImmediate(turned))
  })

/** A device whose PUTs wait while the test holds them. */
const device = ({
  partSize = PART,
  ...options
}: { readonly connections?: number; readonly partSize?: number; readonly platform?: Platform } = {}) => {
  const hashing = { partSize, digest }
  const platform = { ...testPlatform, hashing }
  const world = memoryWorld({ platform })
  const open = new Set<Parameters<Send>[3]>()
  /** path of the PUT, with its query */
  const sent: string[] = []
  let held = Promise.withResolvers<void>()
  const put = sendByFetch(world.storage.fetch)
  const send: Send = async (url, headers, body, request) => {
    open.add(request)
    try {
      await Promise.race([held.promise, new Promise((_, reject) => request.signal.addEventListener('abort', reject))])
      const response = await put(url, headers, body, request)
      sent.push(`${new URL(url).pathname} ${await body.text()}`)
      return response
    } finally {
      open.delete(request)
    }
  }
  return {
    world,
    open,
    sent,
    send,
    hold: () => void (held = Promise.withResolvers()),
    letGo: () => held.resolve(),
    start: memoryDevice(world, 'a').open({ platform, blobs: memoryBlobStore({ hashing }), send, ...options }),
  }
}

let seed = 0
const add = (pool: Pool, parts: number) =>
  promise(() => pool.add(new Blob([`${seed++}`, sampleBytes(parts * PART - 50)])))
const stored = (pool: Pool, files: readonly FileRecord[]) =>
  until(pool, () => files.every((file) => pool.transfers.status(file).state === 'stored'))

test('all uploads together use 6 connections, and parts of large files 5 of them', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { start, open, letGo } = device()
      const pool = yield* start
      const large = [yield* add(pool, 30), yield* add(pool, 30), yield* add(pool, 30)]
      yield* becomes(() => open.size >= 5)
      yield* turns
      expect(open.size).toBe(5)
      const small = [yield* add(pool, 1), yield* add(pool, 1)]
      yield* becomes(() => open.size >= 6)
      yield* turns
      expect(open.size).toBe(6)
      letGo()
      yield* stored(pool, [...large, ...small])
    }),
  ))

test('parts in flight have 64 MiB at most, whatever the number of connections', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { start, open } = device({ connections: 20, partSize: PART_SIZE })
      const pool = yield* start
      const bytes = new Uint8Array(5 * PART_SIZE)
      for (const content of [[bytes], [Uint8Array.of(1), bytes]]) yield* promise(() => pool.add(new Blob(content)))
      yield* becomes(() => open.size >= 8)
      yield* turns
      expect(open.size * PART_SIZE).toBe(64 * 1024 * 1024)
    }),
  ))

test('pinned downloads have 64 MiB in flight at most, with what each reads ahead', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { world, start, letGo } = device({ partSize: PART_SIZE })
      letGo()
      const before = yield* start
      const bytes = new Uint8Array(3 * PART_SIZE - 1)
      const files = yield* promise(() =>
        Promise.all([1, 2, 3].map((n) => before.add(new Blob([bytes, Uint8Array.of(n)])))),
      )
      yield* stored(before, files)
      const begun = new Set<string>()
      const fetch: typeof globalThis.fetch = (input, init) => {
        const request = new Request(input, init)
        begun.add(files.find(({ remoteKey }) => request.url.includes(addressOfKey(remoteKey)))!.id)
        return new Promise((_, reject) => request.signal.addEventListener('abort', reject))
      }
      const large = { ...testPlatform, hashing: { partSize: PART_SIZE, digest } }
      const pool = yield* memoryDevice(world, 'b').open({ platform: large, fetch })
      yield* until(pool, () => files.every(({ remoteKey }) => pool.log.remoteContent(remoteKey)?.stored === true))
      yield* promise(() => Promise.all(files.map(({ id }) => pool.pin(id))))
      yield* becomes(() => begun.size >= 2)
      yield* turns
      expect(begun.size).toBe(2)
    }),
  ))

test('a pool with 5 connections uses 5', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { start, open, letGo } = device({ connections: 5 })
      const pool = yield* start
      const files = [yield* add(pool, 30), yield* add(pool, 1), yield* add(pool, 1)]
      yield* becomes(() => open.size >= 5)
      yield* turns
      expect(open.size).toBe(5)
      letGo()
      yield* stored(pool, files)
    }),
  ))

test('streams that an app drops, unread and not cancelled, leave uploads their connections after 5 s', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const idle: (() => void)[] = []
      const { clock } = platform
      const setTimer: typeof clock.setTimer = (callback, ms) => {
        if (ms !== 5_000) return clock.setTimer(callback, ms)
        idle.push(callback)
        return () => {}
      }
      const { world, start, open } = device({ platform: { ...platform, clock: { ...clock, setTimer } } })
      const pool = yield* start
      const other = yield* memoryDevice(world, 'b').open({ platform, blobs: memoryBlobStore({ hashing }) })
      for (let i = 0; i < 5; i++) {
        const file = yield* add(other, 1)
        yield* until(pool, () => pool.log.remoteContent(file.remoteKey)?.stored === true)
        yield* promise(() => pool.stream(file))
      }
      yield* add(pool, 30)
      yield* becomes(() => open.size >= 1)
      yield* turns
      expect(open.size).toBe(1)
      for (const end of idle) end()
      yield* becomes(() => open.size >= 5)
      yield* turns
      expect(open.size).toBe(5)
    }),
  ))

test('an upload that waits for others to give back connections is not taken for a stalled one', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { start, open, letGo } = device({ connections: 2 })
      const pool = yield* start
      const errors: string[] = []
      pool.on('error', ({ error }) => void errors.push(error.message))
      const files = [yield* add(pool, 3), yield* add(pool, 3)]
      yield* becomes(() => open.size >= 1)
      yield* turns
      expect(open.size).toBe(1)
      for (let bytes = 1; bytes <= 10; bytes++) {
        for (const { onProgress } of open) onProgress(bytes)
        yield* TestClock.adjust('25 seconds')
      }
      expect(errors).toEqual([])
      letGo()
      yield* stored(pool, files)
    }),
  ))

test('a file that is removed and restored continues with the parts that were sent', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { start, sent, hold, letGo, open } = device()
      const pool = yield* start
      const file = yield* add(pool, 12)
      yield* becomes(() => open.size === 5)
      letGo()
      hold()
      yield* becomes(() => sent.length === 5 && open.size === 5)
      yield* promise(() => pool.remove(file.id))
      yield* becomes(() => open.size === 0)
      expect(sent).toHaveLength(5)
      yield* promise(() => pool.restore(file.id))
      letGo()
      yield* stored(pool, [file])
      expect(sent).toHaveLength(12)
      expect(new Set(sent).size).toBe(12)
    }),
  ))

test('the file that somebody opened last is sent first', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld({ platform })
      const asked: string[] = []
      const { signer } = world.storage
      const uploadUrl: typeof signer.uploadUrl = (request, signal) => {
        asked.push(request.key)
        return signer.uploadUrl(request, signal)
      }
      const pool = yield* memoryDevice(world, 'a').open({ platform, signer: { ...signer, uploadUrl } })
      yield* promise(() => pool.transfers.pause())
      const files: FileRecord[] = []
      for (let i = 0; i < 9; i++) files.push(yield* promise(() => pool.add(new Blob([`file ${i}`]))))
      yield* TestClock.adjust('1 second')
      yield* promise(() => pool.open(files[7]!))
      yield* promise(() => pool.transfers.resume())
      yield* stored(pool, files)
      expect(asked[0]).toBe(files[7]!.remoteKey)
    }),
  ))
