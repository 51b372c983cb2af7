/** A hybrid store whose S3 side can be cut off, new for each test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { buildRemoteKey, hashContent } from '@rockpool/protocol'
import { SETUP } from '../local/folder.test.shared.ts'
import type { ObjectStore } from '../object-store.ts'
import { readAll } from '../testing/bytes.ts'
import { type HybridStore, type HybridStoreOptions, openHybridStore } from './hybrid-store.ts'
import { type Outage, withOutages } from './outage.test.store.ts'

export const newFolder = () => mkdtemp(join(tmpdir(), 'rockpool-hybrid-'))

export interface HybridSubject {
  /** the folder's path */
  readonly directory: string
  /** what S3 has; never cut off */
  readonly remote: ObjectStore
  readonly s3: Outage
  readonly open: (options?: Partial<HybridStoreOptions>) => Promise<HybridStore>
}

/** @param openRemote gives the S3 side of one test, empty; it is closed with it */
export const hybridSubject = (openRemote: () => Promise<ObjectStore>): HybridSubject => {
  let directory: string
  let remote: ObjectStore
  let s3: Outage
  let store: ObjectStore | undefined

  beforeEach(async () => {
    directory = await newFolder()
    remote = await openRemote()
    s3 = withOutages(remote)
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await store?.close()
    store = undefined
    await remote.close()
    await rm(directory, { recursive: true })
  })

  const connect = async () => {
    // Asked as S3 is at its start.
    await s3.store.exists('probe')
    return { ...s3.store, multipart: s3.store.multipart, close: async () => {} }
  }
  const open = async (options: Partial<HybridStoreOptions> = {}) => {
    const opened = await openHybridStore({ directory, ...SETUP, connect, random: () => 0.02, ...options })
    store = opened
    return opened
  }
  return {
    get directory() {
      return directory
    },
    get remote() {
      return remote
    },
    get s3() {
      return s3
    },
    open,
  }
}

export const put = (to: ObjectStore, key: string, bytes: Uint8Array<ArrayBuffer>) =>
  to.put(key, bytes, { size: bytes.length })

export const bytesOf = async (from: ObjectStore, key: string) => readAll((await from.get(key)).body)

export const hasReplicated = async (hybrid: ObjectStore) => {
  await eventually(async () => (await hybrid.checkHealth()).pending).toBe(0)
}

/** Polls a state that comes by itself. How long that takes is the machine's affair: the test's own timeout ends the wait. */
export const eventually = <A>(state: () => A | Promise<A>): ReturnType<typeof expect.poll<A>> =>
  // oxlint-disable-next-line vitest/require-awaited-expect-poll -- its caller awaits it
  expect.poll(state, { timeout: 600_000 })

export const contentKey = async (bytes: Uint8Array<ArrayBuffer>, storeId = 's') =>
  buildRemoteKey({ storeId, bucket: 'files', address: (await hashContent([bytes])).address })
