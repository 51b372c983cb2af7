/**
 * The ways in which a page uses a file URL. Runs in the browser; `request-page.ts` serves it as a module.
 *
 * Each returns what the page sees: `shown`, `error`, or the status of the response.
 */
export type Outcome = string

const outcomeOf = (element: HTMLElement, shown: string): Promise<Outcome> =>
  new Promise((resolve) => {
    element.addEventListener(shown, () => resolve('shown'))
    element.addEventListener('error', () => resolve('error'))
  })

const inPage = <E extends HTMLElement>(element: E): E => {
  document.body.append(element)
  return element
}

const image = (attributes: Partial<HTMLImageElement>) => {
  const element = Object.assign(new Image(), attributes)
  return outcomeOf(inPage(element), 'load')
}

const media = (tag: 'video' | 'audio', src: string) => {
  const element = Object.assign(document.createElement(tag), { src, preload: 'auto', muted: true })
  // Not `loadeddata`: without a sound device Firefox fails after the metadata.
  return outcomeOf(inPage(element), 'loadedmetadata')
}

const openFrame = async (src: string): Promise<HTMLIFrameElement> => {
  const frame = Object.assign(document.createElement('iframe'), { src })
  const loaded = outcomeOf(frame, 'load')
  inPage(frame)
  await loaded
  return frame
}

/** A document of an image is of the page's origin; that of an error is in a sandbox. */
const imageIn = (open: () => Document | null | undefined): Outcome => {
  try {
    return (open()?.images[0]?.naturalWidth ?? 0) > 0 ? 'shown' : 'error'
  } catch {
    return 'error'
  }
}

const status = async (url: string, init?: RequestInit): Promise<Outcome> => {
  const response = await fetch(url, init)
  await response.arrayBuffer()
  return String(response.status)
}

const xhr = (url: string, isAsync: boolean): Promise<Outcome> =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest()
    request.addEventListener('load', () => resolve(String(request.status)))
    request.addEventListener('error', () => resolve('error'))
    request.open('GET', url, isAsync)
    try {
      request.send()
    } catch {
      // A synchronous request has no event for it.
      resolve('error')
    }
  })

/** As a player of HLS with byte ranges: one after the other, to the end. */
const ranges = async (url: string): Promise<Outcome> => {
  for (let start = 0, size = Infinity; start < size; start += 1_000) {
    const response = await fetch(url, { headers: { range: `bytes=${start}-${start + 999}` } })
    const { length } = new Uint8Array(await response.arrayBuffer())
    if (response.status !== 206) return String(response.status)
    size = Number(response.headers.get('content-range')!.split('/')[1])
    if (length !== Math.min(1_000, size - start)) return `${length} bytes at ${start} of ${size}`
  }
  return '206'
}

const inWorker = (url: string): Promise<Outcome> => {
  const code = `onmessage = ({ data }) => fetch(data).then(({ status }) => postMessage(String(status)))`
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
  worker.postMessage(new URL(url, location.href).href)
  return new Promise((resolve) => worker.addEventListener('message', ({ data }) => resolve(data as Outcome)))
}

const bitmap = async (url: string): Promise<Outcome> => {
  const response = await fetch(url)
  return createImageBitmap(await response.blob()).then(
    () => 'shown',
    () => 'error',
  )
}

/** Nothing has an event for it: what the browser noted of the response. */
const background = (url: string): Promise<Outcome> => {
  const element = inPage(document.createElement('div'))
  Object.assign(element.style, { width: '20px', height: '20px', backgroundImage: `url(${url})` })
  return new Promise((resolve) => {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
        if (!entry.name.endsWith(url) || entry.initiatorType !== 'css') continue
        // WebKit has no such field.
        resolve(entry.responseStatus === undefined ? 'no sign' : entry.responseStatus === 200 ? 'shown' : 'error')
      }
    }).observe({ type: 'resource', buffered: true })
  })
}

const track = (src: string) => {
  const element = Object.assign(document.createElement('track'), { src, default: true })
  const result = outcomeOf(element, 'load')
  inPage(document.createElement('video')).append(element)
  element.track.mode = 'hidden'
  return result
}

const imageFrame = async (url: string) => {
  const frame = await openFrame(url)
  return imageIn(() => frame.contentDocument)
}

const newTab = async (url: string): Promise<Outcome> => {
  const tab = window.open(url)!
  const isLoaded = () => {
    try {
      return tab.location.href !== 'about:blank' && tab.document.readyState === 'complete'
    } catch {
      return true
    }
  }
  while (!isLoaded()) await new Promise((turned) => setTimeout(turned, 20))
  const outcome = imageIn(() => tab.document)
  tab.close()
  return outcome
}

const plugin = (element: HTMLObjectElement | HTMLEmbedElement) => {
  element.type = 'image/png'
  return outcomeOf(inPage(element), 'load')
}

/** A frame whose response is a download has no event; the test looks at the disk. */
const save = async (url: string): Promise<Outcome> => {
  await openFrame(`${url}&download`)
  return 'error'
}

const stylesheet = (href: string) => {
  const element = Object.assign(document.createElement('link'), { rel: 'stylesheet', href })
  return outcomeOf(inPage(element), 'load')
}

export const requests = {
  img: (src: string) => image({ src }),
  srcset: (url: string) => image({ srcset: `${url} 1x` }),
  background,
  bitmap,
  video: (src: string) => media('video', src),
  audio: (src: string) => media('audio', src),
  track,
  fetch: (url: string) => status(url),
  sameOrigin: (url: string) => status(url, { mode: 'same-origin' }),
  noCors: (url: string) => status(url, { mode: 'no-cors' }),
  noStore: (url: string) => status(url, { cache: 'no-store' }),
  head: (url: string) => status(url, { method: 'HEAD' }),
  ranges,
  xhr: (url: string) => xhr(url, true),
  syncXhr: (url: string) => xhr(url, false),
  inWorker,
  imageFrame,
  /** in a sandbox, where only the test sees what it shows */
  frame: (url: string) => openFrame(url).then(() => 'loaded'),
  newTab,
  object: (data: string) => plugin(Object.assign(document.createElement('object'), { data })),
  embed: (src: string) => plugin(Object.assign(document.createElement('embed'), { src })),
  stylesheet,
  save,
}

export type Requests = Readonly<Record<keyof typeof requests, (url: string) => Promise<Outcome>>>

Object.assign(window, { requests })
