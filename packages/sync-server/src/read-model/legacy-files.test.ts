/** Files of livestore-filesync in the read model: garbage collection deletes what it does not name. */
import type { PoolEvent } from '@rockpool/core/records'
import type { RemoteKey } from '@rockpool/protocol'
import { expect, it } from 'vitest'
import { memoryDatabase } from '../test-support/memory-database.ts'

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)]
const DAY = '2025-11-26T09:00:00.000Z'
const argsOf = (contentHash: string, remoteKey: string) => ({
  ...{ id: 'x', path: `livestore-filesync-files/shop/${contentHash}`, contentHash, remoteKey },
  ...{ createdAt: DAY, updatedAt: DAY },
})

/** As an old client pushes it: without an opId. */
const legacy = (name: string, args: unknown) => ({ name, args }) as unknown as PoolEvent

const created = legacy('v1.FileCreated', argsOf(A, ''))
const uploaded = legacy('v1.FileUpdated', argsOf(A, `shop/${A}`))
const edited = legacy('v1.FileUpdated', argsOf(B, ''))

it('names the content of a file, and the former content after an edit', async () => {
  const { log, push } = memoryDatabase()
  await push(created, uploaded)
  expect((await log.readModel.liveKeys()).keys).toEqual([`shop/${A}`])
  await push(edited)
  expect((await log.readModel.liveKeys()).keys).toEqual([`shop/${A}`, `shop/${B}`])
  expect(await log.readModel.usage()).toEqual({ files: 1, bytes: 0 })
})

it('takes an upload that an old client reports for a claim', async () => {
  const { log, push } = memoryDatabase()
  await push(created, uploaded)
  expect(await log.readModel.content(`shop/${A}` as RemoteKey)).toMatchObject({ stored: true, proved: false })
})

it('names no content of a file that an old client deleted', async () => {
  const { log, push } = memoryDatabase()
  await push(created, uploaded, legacy('v1.FileDeleted', { id: 'x', deletedAt: DAY }))
  expect((await log.readModel.liveKeys()).keys).toEqual([])
  expect((await log.readModel.namedKeys()).keys).toEqual([`shop/${A}`])
})
