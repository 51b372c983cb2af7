/** A browser without `createWritable`, such as Safari before 26: peer failure 24. */
import { PART_SIZE } from '@rockpool/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { opfsBlobStoreDirect } from './direct.ts'
import { opfsBlobStore } from './opfs-blob-store.ts'

const withoutCreateWritable = () => {
  const { createWritable } = FileSystemFileHandle.prototype
  Reflect.deleteProperty(FileSystemFileHandle.prototype, 'createWritable')
  onTestFinished(() => {
    FileSystemFileHandle.prototype.createWritable = createWritable
  })
  expect('createWritable' in FileSystemFileHandle.prototype).toBe(false)
}

const newStoreId = () => {
  const storeId = `test-${crypto.randomUUID()}`
  onTestFinished(async () => {
    const origin = await navigator.storage.getDirectory()
    await origin.removeEntry(`rockpool-${storeId}`, { recursive: true })
  })
  return storeId
}

test('contents are written in a worker, and read in the page', async () => {
  withoutCreateWritable()
  const store = await opfsBlobStore({ storeId: newStoreId() })
  onTestFinished(() => store.close())
  const small = await store.write(new Blob(['reef']))
  expect(await (await store.open(small.address))?.text()).toBe('reef')
  const large = await store.write(new Blob([new Uint8Array(PART_SIZE + 5)]))
  expect((await store.open(large.address))?.size).toBe(PART_SIZE + 5)
})

test('where no worker starts either, what is on disk is read, and a write says what the browser lacks', async () => {
  const storeId = newStoreId()
  const before = await opfsBlobStore({ storeId })
  const whole = await before.write(new Blob(['reef']))
  const inParts = await before.write(new Blob([new Uint8Array(PART_SIZE + 5)]))
  await before.close()

  withoutCreateWritable()
  const store = await opfsBlobStoreDirect({ storeId })
  onTestFinished(() => store.close())
  expect(await (await store.open(whole.address))?.text()).toBe('reef')
  expect((await store.openPart(inParts.address, 2))?.size).toBe(5)
  expect(await store.parts(inParts.address)).toEqual([1, 2])
  expect((await store.list()).map(({ address }) => address).toSorted()).toEqual(
    [whole.address, inParts.address].toSorted(),
  )
  await expect(store.write(new Blob(['lagoon']))).rejects.toMatchObject({ code: 'unsupported' })
  expect(await store.list()).toHaveLength(2)
})
