import { expect, test } from 'vitest'
import { createPool } from './create-pool.ts'
import { memoryBlobStore, memoryIndex, memoryRecordLog, memorySigner } from './memory/index.ts'

const ports = () => {
  const { signer, fetch } = memorySigner()
  return {
    log: memoryRecordLog({ storeId: 'reef' }),
    blobs: memoryBlobStore(),
    index: memoryIndex(),
    signer,
    fetch,
    device: crypto.randomUUID(),
  }
}

test('a pool of four ports and a fetch adds and uploads, as the README has it', async () => {
  const pool = await createPool(ports())
  const file = await pool.add(new Blob(['hello']), { name: 'hello.txt', type: 'text/plain' })
  const stored = Promise.withResolvers<string>()
  pool.on('stored', ({ id }) => stored.resolve(id))
  expect(await stored.promise).toBe(file.id)
  await pool.close()
})

test('a pool whose index does not work closes its ports, and says why', async () => {
  const given = ports()
  let closed = false
  const blobs = { ...given.blobs, close: async () => void (closed = true) }
  await given.index.close()
  await expect(createPool({ ...given, blobs })).rejects.toMatchObject({ code: 'closed' })
  expect(closed).toBe(true)
})

test.each([{ checksPerMinute: 0 }, { checksPerMinute: Number.NaN }, { connections: -1 }])(
  'a pool with %o is refused, and says which option to leave out',
  async (option) => {
    const [name] = Object.keys(option)
    await expect(createPool({ ...ports(), ...option })).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining(`"${name}"`),
    })
  },
)
