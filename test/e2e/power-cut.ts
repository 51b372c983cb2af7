/**
 * Ends LiveStore's leader worker at a chosen write to its databases, as a page that is closed at that moment would. Nothing that was
 * written before is lost: the browser still has it.
 */
import type { Page } from 'puppeteer-core'

/**
 * For `Device.open`: makes the tab's pages ready for it. One whose address has `?cut=<n>` loses its leader at the n-th write,
 * counted from the start of the worker, or from `arm` when n is 0.
 */
export const withPowerCut = (page: Page) => page.evaluateOnNewDocument(wrapLeader, powerCut.toString())

/** Lets the leader die at its n-th write from now on. */
export const arm = (page: Page, writes: number): Promise<void> =>
  page.evaluate(
    (writes) =>
      new Promise<void>((resolve) => {
        const channel = new BroadcastChannel('power-cut')
        channel.onmessage = ({ data }) => {
          if (data !== 'armed') return
          channel.close()
          resolve()
        }
        channel.postMessage(writes)
      }),
    writes,
  )

/** Resolves when the leader has died so. */
export const leaderDied = (page: Page) => page.waitForFunction('window.leaderDied', { polling: 50 })

/** Runs in the page. The prelude is a module of its own: imports run in their order. */
const wrapLeader = (prelude: string) => {
  const cut = new URLSearchParams(location.search).get('cut')
  if (cut === null) return
  new BroadcastChannel('power-cut').onmessage = ({ data }) =>
    data === 'dead' && Object.assign(window, { leaderDied: true })
  const module = (text: string) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))
  window.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      const absolute = new URL(url, location.href).href
      const start = module(`(${prelude})(${Number(cut)}, ${JSON.stringify(location.origin)})`)
      const wrapped = module(`import ${JSON.stringify(start)}\nimport ${JSON.stringify(absolute)}`)
      super(absolute.includes('/livestore.worker') ? wrapped : url, options)
    }
  }
}

/** Runs in the leader, before its own code. */
const powerCut = (cut: number, origin: string) => {
  // a worker made of a blob has no base for relative addresses
  const { fetch } = globalThis
  globalThis.fetch = (input, init) => fetch(typeof input === 'string' ? new URL(input, origin) : input, init)

  let left = cut > 0 ? cut : Infinity
  let dead = false
  const channel = new BroadcastChannel('power-cut')
  channel.onmessage = ({ data }) => {
    if (typeof data !== 'number') return
    left = data
    channel.postMessage('armed')
  }
  const disk = FileSystemSyncAccessHandle.prototype
  for (const name of ['write', 'truncate'] as const) {
    const native = disk[name] as (...args: unknown[]) => number
    disk[name] = function (this: FileSystemSyncAccessHandle, ...args: unknown[]) {
      left -= 1
      if (left <= 0) {
        // What runs on until the worker ends must not reach the disk, either.
        if (!dead) channel.postMessage('dead')
        dead = true
        close()
        throw new DOMException('The power was cut.')
      }
      return native.apply(this, args)
    } as never
  }
}
