import { createPool } from '@rockpool/core'
import { memoryRecordLog, memorySigner, memorySyncBackend } from '@rockpool/core/memory'
import { indexedDbIndex, opfsBlobStore } from '../src/index.ts'

const bare = (blobs: readonly Blob[]) =>
  new Promise<number>((resolve) => {
    const worker = new Worker(new URL('./adds-worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }) => {
      worker.terminate()
      resolve(data)
    }
    worker.postMessage(blobs)
  })

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const randomBlob = (size: number): Blob => {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, size)))
  return new Blob([bytes])
}

/** One round, in ms: `count` files of `size` bytes, by the bare loop, by the blob store alone, and by a whole pool. */
const benchAdds = async (count: number, size: number): Promise<Record<string, number>> => {
  const blobs = () => Array.from({ length: count }, () => randomBlob(size))
  const figures: Record<string, number> = {}
  figures['bare loop in a worker'] = await bare(blobs())

  const storeId = `bench-${crypto.randomUUID()}`
  const alone = await opfsBlobStore({ storeId })
  await alone.write(new Blob(['warm']))
  const sources = blobs()
  figures['blob store, at once'] = await timed(() => Promise.all(sources.map((blob) => alone.write(blob))))
  await alone.erase()

  const backend = memorySyncBackend()
  backend.disconnect('device')
  const { signer, fetch } = memorySigner()
  const opened = await indexedDbIndex({ storeId })
  let transactions = 0
  const index: typeof opened = {
    ...opened,
    write(...args) {
      transactions++
      return opened.write(...args)
    },
  }
  const pool = await createPool({
    log: memoryRecordLog({ storeId, backend }),
    blobs: await opfsBlobStore({ storeId }),
    index,
    signer,
    fetch,
  })
  await pool.transfers.pause()
  await pool.add(new Blob(['warm']))
  const added = blobs()
  figures['pool, one at a time'] = await timed(async () => {
    for (const blob of added.slice(0, 50)) await pool.add(blob)
  })
  const rest = blobs()
  transactions = 0
  figures['pool, at once'] = await timed(() => Promise.all(rest.map((blob) => pool.add(blob))))
  figures['index transactions of these'] = transactions
  await pool.close()
  await (await indexedDbIndex({ storeId })).erase()
  await (await opfsBlobStore({ storeId })).erase()
  return figures
}

Object.assign(window, { benchAdds })
