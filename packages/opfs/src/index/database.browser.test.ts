/** What only this adapter can get wrong: upgrades, other tabs, a browser that drops the database. */
import { change, type FileRow, type IndexKey, put } from '@rockpool/core'
import type { RemoteKey } from '@rockpool/protocol'
import { deleteDB, openDB } from 'idb'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { indexedDbIndex } from './indexed-db-index.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const file = (id: string, size = 0): FileRow => ({ id, name: id, type: '', size, remoteKey: '' as RemoteKey })

const newStoreId = () => {
  const storeId = `test-${crypto.randomUUID()}`
  onTestFinished(() => deleteDB(`rockpool-${storeId}`))
  return storeId
}

const open = async (storeId: string, options: { create?: boolean } = {}) => {
  const index = await indexedDbIndex({ storeId, ...options })
  onTestFinished(() => index.close())
  return index
}

const databaseNames = async () => (await indexedDB.databases()).map(({ name }) => name)

/** A newer version of the app in another tab. */
const upgrade = async (storeId: string) => {
  const newer = await openDB(`rockpool-${storeId}`, 1_000)
  onTestFinished(() => newer.close())
  return newer
}

describe('upgrades', () => {
  test('lets go when a newer version comes, and says to reload', async () => {
    const storeId = newStoreId()
    const index = await open(storeId)
    await index.write([put('files', file('a', 1))])
    const newer = await upgrade(storeId)
    expect(await newer.get('files', 'a')).toEqual(file('a', 1))
    for (const call of [index.get('files', 'a'), index.getAll('files'), index.write([put('files', file('b'))])]) {
      await expect(call).rejects.toMatchObject({ code: 'superseded', message: expect.stringContaining('Reload') })
    }
    expect(await newer.getAllKeys('files')).toEqual(['a'])
  })

  test('an older app does not open what a newer one has upgraded', async () => {
    const storeId = newStoreId()
    await upgrade(storeId)
    await expect(open(storeId)).rejects.toMatchObject({
      code: 'superseded',
      message: expect.stringContaining('Reload'),
    })
  })

  test('a write that has started is finished first', async () => {
    const storeId = newStoreId()
    const index = await open(storeId)
    const write = index.write(Array.from({ length: 500 }, (_, i) => put('files', file(`${i}`))))
    // The transaction begins with the next microtasks, the upgrade is asked for after.
    await index.get('files', '0')
    const newer = await upgrade(storeId)
    await write
    expect(await newer.count('files')).toBe(500)
  })
})

describe('create: false', () => {
  test('of a missing database: not_found, and none is made', async () => {
    const storeId = newStoreId()
    await expect(open(storeId, { create: false })).rejects.toMatchObject({ code: 'not_found' })
    expect(await databaseNames()).not.toContain(`rockpool-${storeId}`)
    const index = await open(storeId)
    await index.write([put('files', file('a'))])
  })

  test('of one that is there', async () => {
    const storeId = newStoreId()
    await (await open(storeId)).write([put('files', file('a'))])
    expect(await (await open(storeId, { create: false })).getAll('files')).toEqual([file('a')])
  })
})

describe('erase', () => {
  test('deletes the database while another tab has it open; that tab gets an error', async () => {
    const storeId = newStoreId()
    const index = await open(storeId)
    const other = await open(storeId)
    await index.write([put('files', file('a'))])
    await index.erase()
    expect(await databaseNames()).not.toContain(`rockpool-${storeId}`)
    await expect(other.get('files', 'a')).rejects.toMatchObject({
      code: 'closed',
      message: expect.stringContaining('Reload'),
    })
    await expect(index.get('files', 'a')).rejects.toMatchObject({ code: 'closed' })
    expect(await databaseNames()).not.toContain(`rockpool-${storeId}`)
  })
})

describe('a browser that drops the connection', () => {
  test('by its close event: the next call opens it again', async () => {
    const storeId = newStoreId()
    const index = await open(storeId)
    await index.write([put('files', file('a'))])
    await cdp().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })
    await index.write([put('files', file('b'))])
    expect(await index.getAll('files')).toEqual([file('b')])
  })

  test('without a word, as Safari does: the call that finds out opens it again', async () => {
    const storeId = newStoreId()
    const index = await open(storeId)
    await index.write([put('files', file('a'))])
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(function (this: IDBDatabase) {
      this.close()
      throw new DOMException('The database connection is closing.', 'InvalidStateError')
    })
    await index.write([put('files', file('b'))])
    expect(await index.getAll('files')).toEqual([file('a'), file('b')])
  })
})

describe('a connection that drops while it opens', () => {
  const dropped = () => {
    throw new DOMException('The connection was closed.', 'AbortError')
  }

  test('is opened once more', async () => {
    const storeId = newStoreId()
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementationOnce(dropped)
    const index = await open(storeId)
    await index.write([put('files', file('a'))])
    expect(await index.getAll('files')).toEqual([file('a')])
  })

  test('and drops again rejects with disk_failed', async () => {
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(dropped)
    await expect(open('store')).rejects.toMatchObject({ code: 'disk_failed' })
  })
})

describe('write', () => {
  test('is strict, in one transaction over just the tables involved', async () => {
    const index = await open(newStoreId())
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction')
    await index.write([put('files', file('a')), put('files', file('b'))])
    await index.write([put('files', file('a'))], { epoch: 1 })
    const strict = { durability: 'strict' }
    expect(transaction.mock.calls).toEqual([
      [['files'], 'readwrite', strict],
      [['files', 'engine'], 'readwrite', strict],
    ])
  })

  test('of a tab that stands still afterwards is made, and holds up no other tab', async () => {
    const storeId = newStoreId()
    const index = await open(storeId)
    const worker = new Worker(new URL('./stands-still.test-worker.ts', import.meta.url), { type: 'module' })
    onTestFinished(() => worker.terminate())
    const messages: unknown[] = []
    worker.addEventListener('message', ({ data }) => messages.push(data))
    worker.postMessage(storeId)
    await expect.poll(() => messages).toEqual(['stands still'])
    await index.write([put('files', file('b'))])
    expect(messages).toEqual(['stands still'])
    expect((await index.getAll('files')).map(({ id }) => id)).toEqual(['a', 'b'])
  })

  test('rejects with what a change threw, as it is', async () => {
    const index = await open(newStoreId())
    const error = new Error('a change that fails')
    const write = index.write([
      change('files', 'a', () => {
        throw error
      }),
    ])
    await expect(write).rejects.toBe(error)
  })

  test('of what cannot be stored: disk_failed, and nothing is made of it', async () => {
    const index = await open(newStoreId())
    const bad = { ...file('b'), name: (() => {}) as unknown as string }
    await expect(index.write([put('files', file('a')), put('files', bad)])).rejects.toMatchObject({
      code: 'disk_failed',
    })
    expect(await index.getAll('files')).toEqual([])
  })

  test('that is under way when the index is closed is made, and other tabs hear of it', async () => {
    const storeId = newStoreId()
    const index = await open(storeId)
    const other = await open(storeId)
    const heard = new Promise<readonly IndexKey[]>((resolve) => void other.subscribe(resolve))
    const write = index.write([put('files', file('a'))])
    await other.get('files', 'a')
    await index.close()
    await write
    expect(await heard).toEqual([{ table: 'files', key: 'a' }])
    expect(await other.get('files', 'a')).toEqual(file('a'))
  })

  test('a listener that throws disturbs neither the write nor other listeners', async () => {
    const index = await open(newStoreId())
    const reported = vi.spyOn(globalThis, 'reportError').mockImplementation(() => {})
    const heard: (readonly IndexKey[])[] = []
    index.subscribe(() => {
      throw new Error('a listener that fails')
    })
    index.subscribe((changed) => heard.push(changed))
    await index.write([put('files', file('a'))])
    expect(heard).toEqual([[{ table: 'files', key: 'a' }]])
    expect(reported).toHaveBeenCalledOnce()
  })

  test('through a full quota: quota_exceeded, and the index is as it was', async () => {
    const overrideQuota = (quotaSize?: number) =>
      cdp().send('Storage.overrideQuotaForOrigin', {
        origin: location.origin,
        ...(quotaSize === undefined ? {} : { quotaSize }),
      })
    onTestFinished(async () => void (await overrideQuota()))
    // Chromium remembers how much room there was for as long as the origin has databases.
    await cdp().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })
    const { usage = 0 } = await navigator.storage.estimate()
    await overrideQuota(usage + 1_000_000)
    const index = await open(newStoreId())
    await index.write([put('files', file('a', 1))])
    // Random, since Chromium compresses rows.
    const random = Array.from({ length: 40 }, () =>
      String.fromCharCode(...crypto.getRandomValues(new Uint16Array(30_000))),
    )
    const large = { ...file('a', 2), name: random.join('') }
    await expect(index.write([put('files', large)])).rejects.toMatchObject({ code: 'quota_exceeded' })
    expect(await index.get('files', 'a')).toEqual(file('a', 1))
    await overrideQuota()
    await vi.waitFor(() => index.write([put('files', file('a', 3))]), { timeout: 10_000 })
    expect(await index.get('files', 'a')).toEqual(file('a', 3))
  })
})

describe('opening', () => {
  test.each(['', 'a/b', '..', 'gc'])('refuses the storeId %j', async (storeId) => {
    await expect(open(storeId)).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('where IndexedDB is blocked: unsupported', async () => {
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('The operation is insecure.', 'SecurityError')
    })
    await expect(open('store')).rejects.toMatchObject({ code: 'unsupported' })
  })

  test('where there is no IndexedDB: unsupported', async () => {
    vi.stubGlobal('indexedDB', undefined)
    onTestFinished(() => void vi.unstubAllGlobals())
    await expect(open('store')).rejects.toMatchObject({ code: 'unsupported' })
  })
})
