import { opfsBlobStore, opfsBlobStoreDirect } from '../src/index.ts'

const MiB = 1024 * 1024
const PART = 8 * MiB

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const drain = async (blob: Blob) => {
  const reader = blob.stream().getReader()
  while (!(await reader.read()).done);
}

/** A file on this disk to add, as one that a person picks. */
const picked = async (size: number): Promise<File> => {
  const root = await navigator.storage.getDirectory()
  const file = await root.getFileHandle('picked', { create: true })
  const sink = await file.createWritable()
  const bytes = new Uint8Array(PART)
  for (let at = 0; at < size; at += PART) {
    for (let i = 0; i < PART; i += 65_536) crypto.getRandomValues(bytes.subarray(i, i + 65_536))
    await sink.write(bytes)
  }
  await sink.close()
  return file.getFile()
}

const raw = (size: number) =>
  new Promise<{ writeMs: number; readMs: number }>((resolve) => {
    const worker = new Worker(new URL('./raw-worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }) => {
      worker.terminate()
      resolve(data)
    }
    worker.postMessage({ size })
  })

/** One round: MB/s (10^6 bytes) for one content of `size` bytes, unless it says ms. */
const bench = async (size: number) => {
  const rate = (ms: number) => Math.round(size / 1_000 / ms)
  const figures: Record<string, number> = {}
  const file = await picked(size)
  const disk = await raw(size)
  figures['raw sync handle: write and flush'] = rate(disk.writeMs)
  figures['raw sync handle: read'] = rate(disk.readMs)
  figures['raw: stream of the picked file'] = rate(await timed(() => drain(file)))

  const stores = { worker: await opfsBlobStore({ storeId: 'bench' }), direct: undefined as never }
  for (const name of ['worker', 'direct'] as const) {
    const store = name === 'worker' ? stores.worker : await opfsBlobStoreDirect({ storeId: 'bench' })
    const write = async (source: Blob | ReadableStream<Uint8Array>) => {
      const { address } = await store.write(source)
      return address
    }
    await write(new Blob(['warm']))
    figures[`${name}: write of a File`] = rate(
      await timed(async () => {
        await store.delete(await write(file))
      }),
    )
    let address: Awaited<ReturnType<typeof write>>
    figures[`${name}: write of a stream`] = rate(
      await timed(async () => {
        address = await write(file.stream())
      }),
    )
    figures[`${name}: read as a stream`] = rate(await timed(async () => drain((await store.open(address))!)))
    await store.delete(address!)
    const parts: Uint8Array<ArrayBuffer>[] = [new Uint8Array(PART)]
    const count = size / PART
    const made = `${'0'.repeat(64)}-${count}` as typeof address
    figures[`${name}: write of parts`] = rate(
      await timed(async () => {
        for (let number = 1; number <= count; number++) await store.writePart(made, number, parts[0]!)
      }),
    )
    figures[`${name}: read of parts as a stream`] = rate(await timed(async () => drain((await store.open(made))!)))
    await store.delete(made)
    const small = crypto.getRandomValues(new Uint32Array(100))
    figures[`${name}: add of 1 KiB, ms`] =
      (await timed(async () => {
        for (const seed of small) await write(new Blob([new Uint32Array(256).fill(seed)]))
      })) / small.length
    figures[`${name}: usage of ${small.length} contents, ms`] = await timed(() => store.usage())
    await store.erase()
  }
  await (await navigator.storage.getDirectory()).removeEntry('picked')
  return figures
}

Object.assign(window, { bench })
