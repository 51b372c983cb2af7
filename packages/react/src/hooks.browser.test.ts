/** The hooks over a real pool, with the in-memory adapters. */
import { createPool, type FileRecord, type Pool, syncStatus } from '@rockpool/core'
import { memoryBlobStore, memoryIndex, memoryRecordLog, memorySigner, memorySyncBackend } from '@rockpool/core/memory'
import { Component, createElement, memo, type ReactNode, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  PoolProvider,
  useFile,
  useFiles,
  useFileStatus,
  useFileUrl,
  usePool,
  useRefusedChanges,
  useStorage,
  useSyncStatus,
} from './index.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const newWorld = () => ({
  storeId: `react-${crypto.randomUUID()}`,
  server: memorySigner(),
  backend: memorySyncBackend(),
})

/** A device of the world. */
const openPool = async (world = newWorld(), device = 'device') => {
  const { storeId, server, backend } = world
  const log = memoryRecordLog({ storeId, backend, device })
  const pool = await createPool({
    // As LiveStore's log, which decodes each row anew.
    log: {
      ...log,
      list: (query) => log.list(query).map((file) => structuredClone(file)),
      file: (id) => structuredClone(log.file(id)),
    },
    blobs: memoryBlobStore(),
    index: memoryIndex(),
    signer: server.signer,
    fetch: server.fetch,
    send: async (url, headers, body, { onProgress, signal }) => {
      const response = await server.fetch(url, { method: 'PUT', headers, body, signal })
      onProgress(body.size)
      return { status: response.status, etag: response.headers.get('etag') }
    },
  })
  cleanups.push(() => pool.close())
  return { pool, server, backend }
}

const render = (node: ReactNode) => {
  const element = document.body.appendChild(document.createElement('div'))
  const root = createRoot(element)
  root.render(node)
  const unmount = () => {
    root.unmount()
    element.remove()
  }
  cleanups.push(unmount)
  return { element, unmount }
}

const within = (pool: Pool, component: () => ReactNode) =>
  render(createElement(PoolProvider, { pool }, createElement(component)))

test('useFiles follows the pool, and one change renders one row', async () => {
  const { pool } = await openPool()
  const first = await pool.add(new Blob(['1']), { name: 'first.txt' })
  const renders = new Map<string, number>()
  const Row = memo(({ file }: { readonly file: FileRecord }) => {
    renders.set(file.id, (renders.get(file.id) ?? 0) + 1)
    return createElement('li', {}, file.name)
  })
  const { element } = within(pool, () => useFiles().map((file) => createElement(Row, { key: file.id, file })))
  const names = () => [...element.querySelectorAll('li')].map((row) => row.textContent)

  await expect.poll(names).toEqual(['first.txt'])
  const second = await pool.add(new Blob(['2']), { name: 'second.txt' })
  await expect.poll(() => names().toSorted()).toEqual(['first.txt', 'second.txt'])
  await pool.rename(second.id, 'renamed.txt')
  await expect.poll(() => names().toSorted()).toEqual(['first.txt', 'renamed.txt'])
  expect(renders.get(first.id)).toBe(1)
  await pool.remove(first.id)
  await expect.poll(names).toEqual(['renamed.txt'])
})

test('useFiles asks again when its query changes', async () => {
  const { pool } = await openPool()
  await pool.add(new Blob(['1']), { name: 'reef.txt' })
  await pool.add(new Blob(['2']), { name: 'cape.txt' })
  const Names = ({ search }: { readonly search: string }) =>
    useFiles({ search })
      .map(({ name }) => name)
      .join(' ')
  const element = document.createElement('div')
  const root = createRoot(element)
  cleanups.push(() => root.unmount())
  const show = (search: string) => root.render(createElement(PoolProvider, { pool }, createElement(Names, { search })))

  show('reef')
  await expect.poll(() => element.textContent).toBe('reef.txt')
  show('cape')
  await expect.poll(() => element.textContent).toBe('cape.txt')
})

test('two readers of the same query never show different lists', async () => {
  const { pool } = await openPool()
  const seen: [number, number][] = []
  const Both = () => {
    const [a, b] = [useFiles(), useFiles()]
    seen.push([a.length, b.length])
    return a.length
  }
  const { element } = within(pool, Both)
  for (let i = 0; i < 5; i++) await pool.add(new Blob([`${i}`]), { name: `${i}.txt` })
  await expect.poll(() => element.textContent).toBe('5')
  expect(seen.filter(([a, b]) => a !== b)).toEqual([])
})

test('useFile follows one file until it is removed, and no other', async () => {
  const { pool } = await openPool()
  const file = await pool.add(new Blob(['1']), { name: 'reef.txt' })
  const other = await pool.add(new Blob(['2']), { name: 'other.txt' })
  await expect.poll(() => pool.transfers.status(other).state).toBe('stored')
  let renders = 0
  const { element } = within(pool, () => {
    renders++
    return useFile(file.id)?.name ?? 'none'
  })
  await expect.poll(() => element.textContent).toBe('reef.txt')
  const before = renders
  await pool.rename(other.id, 'still other.txt')
  expect(renders).toBe(before)
  await pool.rename(file.id, 'cape.txt')
  await expect.poll(() => element.textContent).toBe('cape.txt')
  await pool.remove(file.id)
  await expect.poll(() => element.textContent).toBe('none')
  await pool.restore(file.id)
  await expect.poll(() => element.textContent).toBe('cape.txt')
})

test('useFileStatus shows the way into storage, and why it failed', async () => {
  const { pool, server } = await openPool()
  server.faults.refuse = 'forbidden'
  const file = await pool.add(new Blob(['1']), { name: 'reef.txt' })
  const { element } = within(pool, () => {
    const { state, error } = useFileStatus(file)
    return [state, error?.code].join(' ')
  })
  await expect.poll(() => element.textContent).toBe('failed forbidden')
  server.faults.refuse = undefined
  await pool.transfers.retry(file)
  await expect.poll(() => element.textContent).toBe('stored ')
})

test('useSyncStatus shows the state of sync and its reason, and renders only when it changes', async () => {
  const { pool, backend } = await openPool()
  let renders = 0
  const { element } = within(pool, () => {
    renders++
    const { state, reason } = useSyncStatus()
    return `${state}: ${reason.message}`
  })
  await expect.poll(() => element.textContent).toContain('online')
  const before = renders
  await pool.add(new Blob(['1']))
  expect(renders).toBe(before)
  backend.report('device', syncStatus('foreign_backend', 'The server has another log.'))
  await expect.poll(() => element.textContent).toBe('stuck: The server has another log.')
  backend.connect('device')
  await expect.poll(() => element.textContent).toContain('online')
})

test('useRefusedChanges lists what the sync server refused, until a person decides', async () => {
  const { pool, backend } = await openPool()
  backend.refuse(({ args }) =>
    'name' in args && args.name.startsWith('bad') ? { code: 'bad_name', message: 'Choose another name.' } : undefined,
  )
  let renders = 0
  const { element } = within(pool, () => {
    renders++
    return useRefusedChanges()
      .map(({ file, message }) => `${file?.name}: ${message}`)
      .join(' ')
  })
  await pool.add(new Blob(['1']), { name: 'bad 1' })
  await expect.poll(() => element.textContent).toBe('bad 1: Choose another name.')
  await pool.add(new Blob(['2']), { name: 'bad 2' })
  await expect.poll(() => element.textContent).toBe('bad 1: Choose another name. bad 2: Choose another name.')
  const before = renders
  const good = await pool.add(new Blob(['3']), { name: 'good' })
  await expect.poll(() => pool.transfers.status(good).state).toBe('stored')
  expect(renders).toBe(before)

  const [first, second] = pool.sync.refused.list()
  await pool.sync.refused.discard(first!.id)
  await pool.sync.refused.retry(second!.id, { name: 'better' })
  await expect.poll(() => element.textContent).toBe('')
  expect(
    pool.files
      .list()
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(['better', 'good'])
})

test('useStorage counts what is added', async () => {
  const { pool } = await openPool()
  const { element } = within(pool, () => useStorage()?.used ?? 'none')
  await expect.poll(() => element.textContent).toBe('0')
  await pool.add(new Blob(['12345']), { name: 'five.txt' })
  await expect.poll(() => element.textContent, { timeout: 5_000 }).toBe('5')
})

test('useFileUrl gives bytes without a service worker, and gives them back', async () => {
  const { pool } = await openPool()
  expect(navigator.serviceWorker?.controller ?? null).toBe(null)
  const file = await pool.add(new Blob(['the bytes']), { name: 'reef.txt' })
  const revoked = vi.spyOn(URL, 'revokeObjectURL')
  const { element, unmount } = within(pool, () => useFileUrl(file))
  await expect.poll(() => element.textContent).toMatch(/^blob:/)
  const url = element.textContent!
  expect(await (await fetch(url)).text()).toBe('the bytes')
  unmount()
  await expect.poll(() => revoked.mock.calls.flat()).toContain(url)
  await expect(fetch(url)).rejects.toThrow()
  revoked.mockRestore()
})

describe('useFileUrl shows a file that could not be opened at first', () => {
  /** A device that lists a file of another one and cannot open it. */
  const shownUnopened = async ({ isStored }: { readonly isStored: boolean }) => {
    const world = newWorld()
    const { faults } = world.server
    const [writer, reader] = [await openPool(world, 'writer'), await openPool(world, 'reader')]
    faults.offline = !isStored
    const file = await writer.pool.add(new Blob(['the bytes']), { name: 'reef.txt' })
    await expect.poll(() => writer.pool.transfers.status(file).state).toBe(isStored ? 'stored' : 'local')
    await expect.poll(() => reader.pool.files.get(file.id)).toBeDefined()
    faults.offline = true
    const opening = vi.spyOn(reader.pool, 'objectUrl')
    const { element } = within(reader.pool, () => useFileUrl(file))
    await expect.poll(() => opening.mock.settledResults.at(-1)?.type).toBe('rejected')
    expect(element.textContent).toBe('')
    faults.offline = false
    return { writer: writer.pool, reader: reader.pool, file, element }
  }

  test.each<[string, boolean, (devices: Awaited<ReturnType<typeof shownUnopened>>) => unknown]>([
    ['the network is back', true, () => dispatchEvent(new Event('online'))],
    ['its content is downloaded', true, ({ reader, file }) => reader.open(file)],
    ['its content is stored', false, ({ writer }) => writer.transfers.retryAll()],
  ])('when %s', async (_what, isStored, happens) => {
    const devices = await shownUnopened({ isStored })
    await happens(devices)
    await expect.poll(() => devices.element.textContent).toMatch(/^blob:/)
    expect(await (await fetch(devices.element.textContent!)).text()).toBe('the bytes')
  })
})

test('useFileUrl warns of an error that the network does not explain', async () => {
  const { pool } = await openPool()
  const file = await pool.add(new Blob(['1']), { name: 'reef.txt' })
  vi.spyOn(pool, 'objectUrl').mockRejectedValue(Object.assign(new Error('damaged'), { code: 'corrupt' }))
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
  cleanups.push(() => warned.mockRestore())
  within(pool, () => useFileUrl(file))
  await expect
    .poll(() => warned.mock.calls.flat().join(' '))
    .toContain('"reef.txt" could not be opened. Error: damaged')
})

test(
  'useFileUrl leaks nothing in 1,000 mounts: components that show one file share its URL',
  { timeout: 120_000 },
  async () => {
    const { pool } = await openPool()
    for (let i = 0; i < 10; i++) await pool.add(new Blob([`${i}`]), { name: `${i}.txt` })
    const live = new Set<string>()
    const { createObjectURL, revokeObjectURL } = URL
    const created = vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      const url = createObjectURL.call(URL, blob)
      live.add(url)
      return url
    })
    const revoked = vi.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => {
      live.delete(url)
      revokeObjectURL.call(URL, url)
    })
    cleanups.push(() => [created, revoked].forEach((spy) => spy.mockRestore()))
    const Shown = ({ file }: { readonly file: FileRecord }) => createElement('i', {}, useFileUrl(file))
    const Files = () =>
      useFiles().flatMap((file) => [0, 1].map((copy) => createElement(Shown, { key: `${file.id} ${copy}`, file })))

    // Strict mode mounts each of the 20 components twice.
    for (let round = 0; round < 25; round++) {
      const { element, unmount } = render(
        createElement(StrictMode, {}, createElement(PoolProvider, { pool }, createElement(Files))),
      )
      // Every other time the components go while their files are opened.
      const shown = () => [...element.querySelectorAll('i')].filter(({ textContent }) => textContent !== '').length
      if (round % 2 === 0) await expect.poll(shown).toBe(20)
      expect(live.size).toBeLessThanOrEqual(10)
      unmount()
      await expect.poll(() => live.size).toBe(0)
    }
    expect(created.mock.calls.length).toBeGreaterThanOrEqual(130)
  },
)

test('useFileUrl gives the pool’s own URL in a controlled page', async () => {
  const { pool } = await openPool()
  const file = await pool.add(new Blob(['1']), { name: 'reef.txt' })
  const controller = vi.spyOn(navigator.serviceWorker, 'controller', 'get').mockReturnValue({} as ServiceWorker)
  cleanups.push(() => controller.mockRestore())
  const { element } = within(pool, () => useFileUrl(file))
  await expect.poll(() => element.textContent).toBe(pool.url(file))
})

test('usePool outside of a provider says what to do', async () => {
  const silenced = vi.spyOn(console, 'error').mockImplementation(() => {})
  cleanups.push(() => silenced.mockRestore())
  class Boundary extends Component<{ readonly children: ReactNode }> {
    override state = { message: '' }
    static getDerivedStateFromError = ({ message }: Error) => ({ message })
    override render() {
      return this.state.message || this.props.children
    }
  }
  const { element } = render(
    createElement(
      Boundary,
      null,
      createElement(() => usePool().storeId),
    ),
  )
  await expect.poll(() => element.textContent).toContain('<PoolProvider pool={pool}>')
})
