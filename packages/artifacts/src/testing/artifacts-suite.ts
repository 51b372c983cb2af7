/** What holds for every way to the artifacts: S3 with credentials of its own, and a server over any object store. */
import { hashContent, PART_SIZE } from '@rockpool/protocol'
import { sampleBytes } from '@rockpool/protocol/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Artifacts } from '../artifacts.ts'
import type { ArtifactRef } from '../reference.ts'
import { chunksIn, failingSource, streamOf, toArray } from './bytes.ts'

export interface Setup {
  readonly bucket: string
  /** `tmp/` belongs to no request: no token reaches it */
  readonly hasOwnCredentials: boolean
  /** a request that is empty, and a client with all rights in it */
  readonly newRequest: () => Promise<{ readonly artifacts: Artifacts; readonly requestId: string }>
  readonly close: () => Promise<void>
}

export const artifactsSuite = (name: string, open: () => Promise<Setup>): void => {
  describe(`artifacts: ${name}`, () => {
    let setup: Setup
    beforeAll(async () => {
      setup = await open()
    })
    afterAll(() => setup?.close())

    const begin = () => setup.newRequest()
    const bytesIn = async (artifacts: Artifacts, ref: ArtifactRef) => (await artifacts.get(ref)).bytes()

    describe('put and get', () => {
      test.for([
        [0, 'an empty artifact'],
        [11, 'a small one'],
        [PART_SIZE, 'one of exactly a part'],
        [PART_SIZE + 1, 'one of a part and a byte'],
        [2 * PART_SIZE + 5_000_000, 'one of three parts'],
      ] as const)('stores and returns %i bytes: %s', async ([size]) => {
        const { artifacts, requestId } = await begin()
        const bytes = sampleBytes(size, size + 1)
        const { address } = await hashContent([bytes])
        const key = `requests/${requestId}/render/clip_0001/out.mp4`
        const ref = await artifacts.put({ requestId, stage: 'render', name: 'clip_0001/out.mp4' }, streamOf(bytes))
        expect(ref).toEqual({ uri: `s3://${setup.bucket}/${key}`, key, size, type: 'video/mp4', address })
        const response = await artifacts.get(ref)
        expect(response.headers.get('content-type')).toBe('video/mp4')
        expect(response.headers.get('content-length')).toBe(String(size))
        expect(Buffer.compare(await response.bytes(), bytes)).toBe(0)
        expect(await artifacts.resolve({ requestId, stage: 'render', name: 'clip_0001/out.mp4' })).toEqual(ref)
        expect(await artifacts.resolve(ref.uri)).toEqual(ref)
      })

      test('takes strings, buffers, blobs, streams and async iterables', async () => {
        const { artifacts, requestId } = await begin()
        const text = 'the same bytes'
        const bytes = new TextEncoder().encode(text)
        const sources = [text, bytes, bytes.slice().buffer, new Blob([bytes]), streamOf(bytes), chunksIn(bytes)]
        for (const [i, source] of sources.entries()) {
          const ref = await artifacts.put({ requestId, stage: 'a', name: `${i}.txt` }, source)
          expect(await (await artifacts.get(ref)).text()).toBe(text)
        }
      })

      test('accepts the same bytes a second time, and refuses others', async () => {
        const { artifacts, requestId } = await begin()
        for (const size of [1000, PART_SIZE + 1000]) {
          const at = { requestId, stage: 'frames', name: `${size}.bin` }
          const first = await artifacts.put(at, sampleBytes(size, 1))
          expect(await artifacts.put(at, sampleBytes(size, 1))).toEqual(first)
          await expect(artifacts.put(at, sampleBytes(size, 2))).rejects.toMatchObject({ code: 'already_exists' })
          await expect(artifacts.put(at, sampleBytes(size + 1, 1))).rejects.toMatchObject({ code: 'already_exists' })
          expect(Buffer.compare(await bytesIn(artifacts, first), sampleBytes(size, 1))).toBe(0)
        }
      })

      test('replaces on request, and the former reference no longer fits', async () => {
        const { artifacts, requestId } = await begin()
        for (const size of [1000, PART_SIZE + 1000]) {
          const at = { requestId, stage: 'frames', name: `${size}.bin` }
          const first = await artifacts.put(at, sampleBytes(size, 1))
          const second = await artifacts.put(at, sampleBytes(size, 2), { replace: true })
          expect(Buffer.compare(await bytesIn(artifacts, second), sampleBytes(size, 2))).toBe(0)
          await expect(bytesIn(artifacts, first)).rejects.toMatchObject({ code: 'digest_mismatch' })
          const third = await artifacts.put(at, sampleBytes(size + 1, 2), { replace: true })
          await expect(artifacts.get(second)).rejects.toMatchObject({ code: 'digest_mismatch' })
          expect(third.size).toBe(size + 1)
        }
      })

      test('stores nothing when the source fails', async () => {
        const { artifacts, requestId } = await begin()
        for (const size of [1000, PART_SIZE + 1000, 2 * PART_SIZE + 1000]) {
          const put = artifacts.put({ requestId, stage: 'a', name: `${size}` }, failingSource(size))
          await expect(put).rejects.toMatchObject({ name: 'ArtifactError', code: 'source_failed' })
        }
        expect(await toArray(artifacts.list(requestId))).toEqual([])
      })

      test('a call that is cancelled rejects and stores nothing, also while its source hangs', async () => {
        const { artifacts, requestId } = await begin()
        const controller = new AbortController()
        const source = new ReadableStream<Uint8Array>({ pull: () => controller.abort() })
        const put = artifacts.put({ requestId, stage: 'a', name: 'b' }, source, { signal: controller.signal })
        await expect(put).rejects.toMatchObject({ code: 'aborted' })
        expect(await toArray(artifacts.list(requestId))).toEqual([])
        const ref = await artifacts.put({ requestId, stage: 'a', name: 'c' }, 'x')
        await expect(artifacts.get(ref, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
      })

      test('a reference to what does not exist is not found', async () => {
        const { artifacts, requestId } = await begin()
        const ref = await artifacts.put({ requestId, stage: 'a', name: 'b' }, 'x')
        const key = `requests/${requestId}/a/gone`
        const gone = { ...ref, key, uri: ref.uri.replace(ref.key, key) } as ArtifactRef
        await expect(artifacts.get(gone)).rejects.toMatchObject({
          code: 'not_found',
          message: expect.stringContaining('again'),
        })
        await expect(artifacts.resolve(gone.uri)).rejects.toMatchObject({ code: 'not_found' })
      })

      test('a reference to another S3 bucket is refused', async () => {
        const { artifacts, requestId } = await begin()
        const ref = await artifacts.put({ requestId, stage: 'a', name: 'b' }, 'x')
        const other = { ...ref, uri: `s3://other-bucket/${ref.key}` }
        await expect(artifacts.get(other)).rejects.toMatchObject({ code: 'other_bucket' })
        await expect(artifacts.resolve(other.uri)).rejects.toMatchObject({ code: 'other_bucket' })
      })
    })

    describe('list', () => {
      test('lists a request or a stage in the order of keys, without state and logs', async () => {
        const { artifacts, requestId } = await begin()
        await artifacts.state(requestId).write({ at: 'probe' }, undefined)
        const log = artifacts.log(requestId, 'probe')
        log.append({ message: 'hello' })
        await log.flush()
        for (const [stage, name] of [
          ['input', 'original.mp4'],
          ['frames', 'clip_0001/frame_0002.jpg'],
          ['frames', 'clip_0001/frame_0001.jpg'],
          ['frames-2', 'a.jpg'],
        ] as const) {
          await artifacts.put({ requestId, stage, name }, name)
        }
        const all = await toArray(artifacts.list(requestId))
        expect(all.map(({ stage, name }) => `${stage}/${name}`)).toEqual([
          'frames-2/a.jpg',
          'frames/clip_0001/frame_0001.jpg',
          'frames/clip_0001/frame_0002.jpg',
          'input/original.mp4',
        ])
        const [frame] = await toArray(artifacts.list(requestId, 'frames'))
        expect(frame).toMatchObject({
          requestId,
          stage: 'frames',
          size: 24,
          key: `requests/${requestId}/frames/clip_0001/frame_0001.jpg`,
        })
        expect(await toArray(artifacts.list(requestId, 'sheet'))).toEqual([])
      })
    })

    test('removes a request as a whole, and no other one', async () => {
      const { artifacts, requestId } = await begin()
      const other = await begin()
      for (const each of [{ artifacts, requestId }, other]) {
        await each.artifacts.put({ requestId: each.requestId, stage: 'a', name: 'b/c' }, 'x')
        await each.artifacts.state(each.requestId).write({}, undefined)
      }
      expect(await artifacts.removeRequest(requestId)).toBe(2)
      expect(await toArray(artifacts.list(requestId))).toEqual([])
      expect(await artifacts.state(requestId).read()).toBeUndefined()
      expect(await artifacts.removeRequest(requestId)).toBe(0)
      expect((await toArray(other.artifacts.list(other.requestId))).length).toBe(1)
    })

    test('puts a temporary object with own credentials only', async () => {
      const { artifacts } = await begin()
      const name = `${crypto.randomUUID()}/notes.txt`
      const putting = artifacts.tmp.put({ area: 'scratch', name }, 'kept for 7 days')
      if (!setup.hasOwnCredentials) {
        await expect(putting).rejects.toMatchObject({ code: 'forbidden' })
        return
      }
      const ref = await putting
      expect(ref).toMatchObject({ key: `tmp/scratch/${name}`, size: 15, type: 'text/plain' })
      expect(await artifacts.removeExpired()).toEqual({ requests: 0, objects: 0 })
      expect(await (await artifacts.get(ref)).text()).toBe('kept for 7 days')
    })

    describe('state', () => {
      test('write replaces only the version that was read', async () => {
        const { artifacts, requestId } = await begin()
        const state = artifacts.state(requestId)
        expect(await state.read()).toBeUndefined()
        const first = await state.write({ step: 1 }, undefined)
        expect(await state.read()).toEqual({ value: { step: 1 }, etag: first })
        await expect(state.write({ step: 9 }, undefined)).rejects.toMatchObject({ code: 'changed' })
        const second = await state.write({ step: 2 }, first)
        await expect(state.write({ step: 9 }, first)).rejects.toMatchObject({
          code: 'changed',
          message: expect.stringContaining('orchestrator'),
        })
        expect(await state.read()).toEqual({ value: { step: 2 }, etag: second })
      })

      test('of several writers at once at most one passes', async () => {
        const { artifacts, requestId } = await begin()
        const state = artifacts.state(requestId)
        const etag = await state.write({ owner: 'none' }, undefined)
        const writers = ['a', 'b', 'c', 'd'].map((owner) => state.write({ owner }, etag))
        const passed = (await Promise.allSettled(writers)).filter(({ status }) => status === 'fulfilled')
        expect(passed.length).toBe(1)
      })

      test('cannot be written where there is none any more', async () => {
        const { artifacts, requestId } = await begin()
        await expect(artifacts.state(requestId).write({}, '"abc"')).rejects.toMatchObject({ code: 'changed' })
      })
    })

    describe('logs', () => {
      test('come back in the order in which they were appended, one object for each flush', async () => {
        const { artifacts, requestId } = await begin()
        const log = artifacts.log(requestId, 'frames')
        for (let i = 0; i < 12; i++) {
          log.append({ i })
          log.append({ i, again: true })
          await log.flush()
        }
        await log.flush()
        const other = artifacts.log(requestId, 'sheet')
        other.append({ message: 'a\nb' })
        await other.flush()
        const records = await toArray(artifacts.readLogs(requestId, 'frames'))
        expect(records.map(({ record }) => (record as { i: number }).i)).toEqual(
          Array.from({ length: 24 }, (_, i) => Math.floor(i / 2)),
        )
        expect((await toArray(artifacts.readLogs(requestId))).length).toBe(25)
      })
    })
  })
}
