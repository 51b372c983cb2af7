/**
 * The ways in which a page could be made to run a file. Runs in the browser.
 *
 * Each resolves when the browser has done what it does with the response. A response that is saved has no event: the test looks at the disk.
 */
import { requests } from './requests.ts'

/** What reported that it runs. */
const ran: string[] = []

const inPage = <E extends Element>(element: E): E => {
  document.body.append(element)
  return element
}

const ended = (target: EventTarget, ...events: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    for (const event of events) target.addEventListener(event, () => resolve(event))
  })

const withEvents = (element: HTMLElement, attributes: object): Promise<string> => {
  const outcome = ended(element, 'load', 'error')
  inPage(Object.assign(element, attributes))
  return outcome
}

const create = <Tag extends keyof HTMLElementTagNameMap>(tag: Tag) => document.createElement(tag)

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((turned) => setTimeout(turned, 50))
}

/** Chromium shows what stands for an object that it cannot show, without an event. */
const object = async (data: string): Promise<string> => {
  const instead = Object.assign(create('span'), { textContent: 'instead' })
  const element = create('object')
  element.append(instead)
  const shownInstead = until(() => instead.getClientRects().length > 0).then(() => 'instead')
  return Promise.race([withEvents(element, { data }), shownInstead])
}

const link = async (href: string): Promise<string> => {
  const name = `tab${Math.random()}`
  const tab = window.open('about:blank', name)!
  inPage(Object.assign(create('a'), { href, target: name, rel: 'opener' })).click()
  await until(() => {
    try {
      return tab.location.href !== 'about:blank' && tab.document.readyState === 'complete'
    } catch {
      return true
    }
  })
  return 'loaded'
}

const form = (action: string): Promise<string> => {
  const frame = create('iframe')
  frame.name = `frame${Math.random()}`
  inPage(frame)
  const outcome = ended(frame, 'load')
  inPage(Object.assign(create('form'), { action, target: frame.name })).submit()
  return outcome
}

/** Not as a worker: an app that makes one of a blob has chosen to run it. */
const blob = async (url: string): Promise<string> => {
  const body = await (await fetch(url)).blob()
  if (body.type === 'application/octet-stream') return 'not shown by any browser'
  return withEvents(create('iframe'), { src: URL.createObjectURL(body) })
}

const script = (src: string, type: string) => withEvents(create('script'), { src, type })

const worker = (url: string, type: WorkerType) => ended(new Worker(url, { type }), 'error', 'message')

/** Chromium has no event for some shared workers that it refuses (SVG). One that runs reports until the end of the test. */
const started = (_: SharedWorker) => Promise.resolve('started')

const refused = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    () => 'error',
  )

export const hostileUses = {
  img: (src: string) => withEvents(create('img'), { src }),
  background: requests.background,
  imageInput: (src: string) => withEvents(create('input'), { type: 'image', src }),
  iframe: (src: string) => withEvents(create('iframe'), { src }),
  form,
  object,
  /** Firefox has no event for it; the test looks at the network. */
  embed: (src: string) => withEvents(create('embed'), { src }),
  link,
  blob,
  stylesheet: (href: string) => withEvents(create('link'), { rel: 'stylesheet', href }),
  script: (src: string) => script(src, 'text/javascript'),
  module: (src: string) => script(src, 'module'),
  dynamicImport: (url: string) => refused(import(url)),
  worker: (url: string) => worker(url, 'classic'),
  moduleWorker: (url: string) => worker(url, 'module'),
  sharedWorker: (url: string) => started(new SharedWorker(url)),
  serviceWorker: (url: string) => refused(navigator.serviceWorker.register(url, { scope: url })),
  video: requests.video,
  audio: requests.audio,
}

export type HostileUses = Readonly<Record<keyof typeof hostileUses, (url: string) => Promise<string>>>

const note = (what: unknown) => void ran.push(String(what))
new BroadcastChannel('ran').onmessage = ({ data }) => note(data)
window.addEventListener('message', ({ data }) => note(data))

Object.assign(window, { hostileUses, ran })
