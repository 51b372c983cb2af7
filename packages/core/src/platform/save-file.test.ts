import { type ErrorCode, RockpoolError } from '@rockpool/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { saveFile } from './save-file.ts'

/** What happened in the page. */
const clicks: object[] = []
const page = ({
  pick,
  controlled = true,
}: {
  readonly pick?: () => Promise<unknown>
  readonly controlled?: boolean
}) => {
  clicks.length = 0
  vi.stubGlobal('showSaveFilePicker', pick)
  vi.stubGlobal('navigator', { serviceWorker: { controller: controlled ? {} : null } })
  vi.stubGlobal('document', {
    createElement: () => ({
      click(this: object) {
        clicks.push({ ...this, click: undefined })
      },
    }),
  })
}
const timers: { readonly callback: () => void; readonly ms: number }[] = []
const clock = {
  setTimer(callback: () => void, ms: number) {
    timers.push({ callback, ms })
    return () => {}
  },
}
const release = vi.fn<() => void>()
const file = {
  name: 'reef.txt',
  url: '/rockpool/f/reef/7/reef.txt?download',
  stream: async () => new Blob(['a reef']).stream(),
  objectUrl: async () => ({ url: 'blob:7', release, [Symbol.dispose]: release }),
}

afterEach(() => void vi.unstubAllGlobals())

test('a picked file takes the stream', async () => {
  const written: Uint8Array[] = []
  const pick = vi.fn<(options?: unknown) => Promise<unknown>>(async () => ({
    createWritable: async () => new WritableStream<Uint8Array>({ write: (chunk) => void written.push(chunk) }),
  }))
  page({ pick })
  expect(await saveFile(file, clock)).toBe(true)
  expect(pick).toHaveBeenCalledWith({ suggestedName: 'reef.txt' })
  expect([await new Blob(written as BlobPart[]).text(), clicks]).toEqual(['a reef', []])
})

test.each<[string, ErrorCode, number, ErrorCode | undefined]>([
  ['bytes that were damaged on disk, which are intact the second time', 'corrupt', 1, undefined],
  ['bytes that stay damaged', 'corrupt', 2, 'corrupt'],
  ['an unreachable network', 'offline', 1, 'offline'],
])('restarts the picked file once for damage: %s', async (_, code, failures, end) => {
  const files: string[] = []
  const createWritable = async () => {
    const at = files.push('') - 1
    return new WritableStream<Uint8Array>({ write: (chunk) => void (files[at] += new TextDecoder().decode(chunk)) })
  }
  page({ pick: async () => ({ createWritable }) })
  let reads = 0
  const stream = async () => {
    const isCut = reads++ < failures
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const write = async () => {
      await writer.write(new TextEncoder().encode('a '))
      if (isCut) return writer.abort(new RockpoolError(code, 'It cannot be read.'))
      await writer.write(new TextEncoder().encode('reef'))
      await writer.close()
    }
    void write()
    return readable
  }
  const saving = saveFile({ ...file, stream }, clock)
  if (end === undefined) {
    expect(await saving).toBe(true)
    expect(files).toEqual(['a ', 'a reef'])
  } else await expect(saving).rejects.toMatchObject({ code: end })
  expect(reads).toBe(code === 'corrupt' ? 2 : 1)
})

test.each([
  ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
  ['\u202E\u2069', 'file'],
])('the name %j is saved as %j: no bidi control hides the real extension', async (name, saved) => {
  const pick = vi.fn<(options?: unknown) => Promise<unknown>>(async () => ({
    createWritable: async () => new WritableStream(),
  }))
  page({ pick })
  await saveFile({ ...file, name }, clock)
  expect(pick).toHaveBeenCalledWith({ suggestedName: saved })
  page({ controlled: false })
  await saveFile({ ...file, name }, clock)
  expect(clicks).toEqual([{ href: 'blob:7', download: saved }])
})

test('cancels the download when the picked file cannot be opened, and says which file', async () => {
  const cancel = vi.fn<() => void>()
  const cause = new DOMException('', 'NotFoundError')
  page({ pick: async () => ({ createWritable: () => Promise.reject(cause) }) })
  const message = '"reef.txt" could not be saved there. Choose another folder.'
  const saving = saveFile({ ...file, stream: async () => new ReadableStream({ cancel }) }, clock)
  await expect(saving).rejects.toMatchObject({ code: 'disk_failed', message, cause })
  expect([cancel.mock.calls.length, clicks]).toEqual([1, []])
})

test('a picker that the person closes saves nothing', async () => {
  page({ pick: () => Promise.reject(new DOMException('', 'AbortError')) })
  expect([await saveFile(file, clock), clicks]).toEqual([false, []])
})

test.each([undefined, () => Promise.reject(new DOMException('', 'SecurityError'))])(
  'without a picker, or where it is not allowed, a link to the URL saves',
  async (pick) => {
    page(pick ? { pick } : {})
    vi.stubGlobal('fetch', async () => new Response('a reef'))
    expect(await saveFile(file, clock)).toBe(true)
    expect(clicks).toEqual([{ href: file.url }])
  },
)

test('a file that the service worker cannot serve is its error, and the page stays', async () => {
  page({})
  vi.stubGlobal('fetch', async () =>
    Response.json({ error: { code: 'offline', message: 'It is not on this device.' } }, { status: 504 }),
  )
  await expect(saveFile(file, clock)).rejects.toMatchObject({ code: 'offline', message: 'It is not on this device.' })
  expect(clicks).toEqual([])
})

test('without a service worker a blob: URL saves, and is released 40 s later', async () => {
  page({ controlled: false })
  expect(await saveFile(file, clock)).toBe(true)
  expect([clicks, timers[0]!.ms]).toEqual([[{ href: 'blob:7', download: 'reef.txt' }], 40_000])
  expect(release).not.toHaveBeenCalled()
  timers[0]!.callback()
  expect(release).toHaveBeenCalledOnce()
})
