import { beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '@rockpool/protocol'
import type { CallOptions, UploadedPart } from '../object-store.ts'
import { expectBytes, readAll, someBytes, streamOf } from './bytes.ts'
import type { Subject } from './object-store-suite.ts'

const BYTES = someBytes(1000)
const SIZE = BYTES.length

/** Who gave a call up gets `aborted`, and finds everything as it was. */
export const abortCases = (subject: Subject): void => {
  describe('an abort', () => {
    let key: string
    let uploadId: string
    let part: UploadedPart
    let digest: Uint8Array<ArrayBuffer>

    beforeEach(async () => {
      key = subject.prefix()
      digest = await sha256(BYTES)
      await subject.store.put(key, BYTES, { size: SIZE })
      uploadId = await subject.store.multipart.start(`${key}-upload`, { type: 'video/mp4' })
      part = await subject.store.multipart.putPart(`${key}-upload`, uploadId, 1, BYTES, { size: SIZE, sha256: digest })
    })

    const expectUnchanged = async () => {
      const { store } = subject
      expect((await store.list(key)).objects.map((object) => object.key)).toEqual([key])
      expectBytes(await readAll((await store.get(key)).body), BYTES)
      expect(await store.multipart.listParts(`${key}-upload`, uploadId)).toEqual([part])
      expect(await store.multipart.listUploads(`${key}-started`)).toEqual([])
    }

    const calls: Record<string, (call: CallOptions) => Promise<unknown>> = {
      put: (call) => subject.store.put(key, someBytes(5), { size: 5, ...call }),
      get: (call) => subject.store.get(key, call),
      'get of a range': (call) => subject.store.get(key, { range: { start: 1, end: 2 }, ...call }),
      head: (call) => subject.store.head(key, call),
      exists: (call) => subject.store.exists(key, call),
      delete: (call) => subject.store.delete(key, call),
      list: (call) => subject.store.list(key, call),
      copy: (call) => subject.store.copy(key, `${key}-copy`, call),
      start: (call) => subject.store.multipart.start(`${key}-started`, { type: 'video/mp4', ...call }),
      putPart: (call) =>
        subject.store.multipart.putPart(`${key}-upload`, uploadId, 2, BYTES, { size: SIZE, sha256: digest, ...call }),
      listUploads: (call) => subject.store.multipart.listUploads(`${key}-upload`, call),
      listParts: (call) => subject.store.multipart.listParts(`${key}-upload`, uploadId, call),
      complete: (call) => subject.store.multipart.complete(`${key}-upload`, uploadId, [part], call),
      abort: (call) => subject.store.multipart.abort(`${key}-upload`, uploadId, call),
    }

    test.for(Object.keys(calls))('that came before: %s does nothing', async (name) => {
      const call = calls[name]!({ signal: AbortSignal.abort() })
      await expect(call).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'aborted' })
      await expectUnchanged()
    })

    test.for(['put', 'putPart'])(
      'ends a %s whose source hangs, cancels the source, and leaves nothing',
      async (name) => {
        const { store } = subject
        const abort = new AbortController()
        const cancelled = Promise.withResolvers<void>()
        const body = streamOf(someBytes(70_000), { end: 'hang', onCancel: cancelled.resolve })
        const options = { size: 100_000, sha256: digest, signal: abort.signal }
        const sending =
          name === 'put'
            ? store.put(key, body, options)
            : store.multipart.putPart(`${key}-upload`, uploadId, 1, body, options)
        abort.abort()
        await expect(sending).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'aborted' })
        await cancelled.promise
        await expectUnchanged()
      },
    )
  })
}
