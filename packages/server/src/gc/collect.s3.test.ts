import { openS3Store } from '@rockpool/object-store/s3'
import type { ObjectStore } from '@rockpool/object-store'
import type { RemoteKey } from '@rockpool/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { contentOf } from '../testing/content.ts'
import { createdBucket } from '@rockpool/object-store/testing'
import { collect } from './collect.ts'

const rules = { graceMs: 0, retentionMs: 0 }
/** The clock of S3 may be a second ahead. */
const now = () => Date.now() + 60_000

describe('two signers collect in one S3 bucket at once: one goes on, the other deletes nothing', () => {
  let store: ObjectStore
  let key: RemoteKey
  let upload: () => Promise<unknown>
  beforeEach(async () => {
    store = await openS3Store(await createdBucket('server'))
    const { address, bytes, size } = await contentOf(10)
    key = `reef/files/${address}` as RemoteKey
    upload = () => store.put(key, bytes, { size })
    await upload()
    // The first run only plans.
    await run()
  })
  afterEach(() => store.close())

  const live = new Set([`reef/files/${'0'.repeat(64)}` as RemoteKey])
  const unnamed = { logId: 'log', live, named: live }
  const run = (read = async () => unnamed) =>
    collect({
      store,
      liveSets: { storeIds: async () => ['reef'], read, reportLost: async () => {} },
      storeId: 'reef',
      rules,
      now,
    })
  const there = async () => (await store.list('')).objects.map((each) => each.key)
  /** Begins and ends between this one's first reading and its first writing. */
  const meanwhile = (what: () => Promise<unknown>) => {
    let done: Promise<unknown> | undefined
    return async () => {
      await (done ??= what())
      return unnamed
    }
  }
  const overtaken = expect.objectContaining({ code: 'conflict', message: expect.stringContaining('Another collector') })

  test('the other has written several times, and tidied up: this number is free, and not the highest', async () => {
    const other = meanwhile(async () => {
      expect(await run()).toMatchObject({ deleted: 1 })
      await upload()
    })
    await expect(run(other)).rejects.toEqual(overtaken)
    expect(await there()).toEqual(['gc/reef/000000000000004', key])
    expect(await run()).toMatchObject({ deleted: 1 })
    expect(await there()).toEqual(['gc/reef/000000000000007'])
  })

  test('the other has written once: this number is taken (412)', async () => {
    await store.delete(key)
    const other = meanwhile(async () => {
      expect(await run()).toMatchObject({ deleted: 0 })
      await upload()
    })
    await expect(run(other)).rejects.toEqual(
      expect.objectContaining({ code: 'conflict', cause: expect.objectContaining({ code: 'precondition_failed' }) }),
    )
    expect(await there()).toEqual(['gc/reef/000000000000002', key])
    expect(await run()).toMatchObject({ deleted: 1 })
  })
})
