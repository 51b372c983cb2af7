/** What a browser makes of a file URL, by the way it is used and the state of the file: what the test asserts and the docs show. */
import type { BrowserName } from '../device.ts'
import type { SampleName } from './media.ts'
import type { requests } from './page/requests.ts'

export const STATES = {
  hit: 'on this disk',
  miss: 'in object storage only',
  expired: 'its signed URL has expired',
  damaged: 'cut on this disk',
  lost: 'lost by object storage',
  offlineHit: 'offline, on this disk',
  offlineMiss: 'offline, not on this disk',
  forbidden: 'signed out',
} as const

export type State = keyof typeof STATES
export const STATE_NAMES = Object.keys(STATES) as readonly State[]

type Outcomes = Readonly<Record<State, string>>

/** A file is there in half of the states. */
const outcomes = (there: string, lost: string, offlineMiss: string, forbidden: string): Outcomes => ({
  hit: there,
  miss: there,
  expired: there,
  damaged: there,
  lost,
  offlineHit: there,
  offlineMiss,
  forbidden,
})
const everywhere = (outcome: string) => outcomes(outcome, outcome, outcome, outcome)

const SHOWN = outcomes('shown', 'error', 'error', 'error')
/** What `page/requests.ts` says where a browser does not tell a page what became of a use. */
export const NO_SIGN = 'no sign'
const BACKGROUND = { chromium: SHOWN, firefox: SHOWN, webkit: everywhere(NO_SIGN) }
/** WebKit sends these requests past the worker. */
const PAST_WORKER = { ...everywhere('404'), offlineHit: 'error', offlineMiss: 'error' }
const SAVED = outcomes('saved', 'error', 'error', 'error')
const responds = (status: string) => outcomes(status, '404', '504', '403')

/** WebKit by WebKitGTK. */
export type TableBrowser = BrowserName | 'webkit'

export interface Use {
  /** in the docs */
  readonly title: string
  readonly request: keyof typeof requests
  readonly sample: SampleName
  readonly outcomes: Outcomes | Readonly<Record<TableBrowser, Outcomes>>
}

const use = (title: string, request: Use['request'], sample: SampleName, outcomes: Use['outcomes']): Use => ({
  title,
  request,
  sample,
  outcomes,
})

export const USES: readonly Use[] = [
  use('`<img src>`', 'img', 'png', SHOWN),
  use('`<img src>`, animated WebP', 'img', 'webp', SHOWN),
  use('`<img src>`, SVG', 'img', 'svg', SHOWN),
  use('`<img srcset>`', 'srcset', 'png', SHOWN),
  use('CSS `background-image`', 'background', 'png', BACKGROUND),
  use('CSS `background-image`, SVG', 'background', 'svg', BACKGROUND),
  use('`createImageBitmap`', 'bitmap', 'png', SHOWN),
  use('`<video>`, MP4 with `moov` at the end', 'video', 'mp4', SHOWN),
  use('`<video>`, WebM with a variable frame rate', 'video', 'webm', SHOWN),
  use('`<audio>`, Opus', 'audio', 'opus', SHOWN),
  use('`<audio>`, FLAC', 'audio', 'flac', SHOWN),
  use('`<track>`', 'track', 'vtt', SHOWN),
  use('`<iframe>`, image', 'imageFrame', 'png', SHOWN),
  use('`<iframe>`, text in UTF-8', 'frame', 'txt', SHOWN),
  use('`<iframe>`, text in UTF-16 with a byte order mark', 'frame', 'utf16', SHOWN),
  use('`<iframe>`, text in ISO-8859-1, as its type says', 'frame', 'latin1', SHOWN),
  use('`<iframe>`, PDF', 'frame', 'pdf', SHOWN),
  use('a tab of its own, image', 'newTab', 'png', SHOWN),
  use('saved (`?download`)', 'save', 'png', SAVED),
  use('`fetch`', 'fetch', 'txt', responds('200')),
  use("`fetch`, `mode: 'same-origin'`", 'sameOrigin', 'txt', responds('200')),
  use("`fetch`, `mode: 'no-cors'`", 'noCors', 'txt', responds('200')),
  use("`fetch`, `cache: 'no-store'`", 'noStore', 'txt', responds('200')),
  use('`fetch`, HEAD', 'head', 'txt', responds('200')),
  use('`fetch`, ranges one after the other, as HLS', 'ranges', 'mp4', responds('206')),
  use('`fetch` in a worker', 'inWorker', 'txt', responds('200')),
  use('`XMLHttpRequest`', 'xhr', 'txt', responds('200')),
  use('`XMLHttpRequest`, synchronous', 'syncXhr', 'txt', {
    chromium: everywhere('error'),
    firefox: responds('200'),
    webkit: PAST_WORKER,
  }),
  use('`<object>`', 'object', 'png', everywhere('error')),
  use('`<embed>`', 'embed', 'png', everywhere('error')),
  use('`<link rel="stylesheet">`', 'stylesheet', 'txt', everywhere('error')),
]

export const expectedOutcome = ({ outcomes }: Use, browser: TableBrowser, state: State): string =>
  ('hit' in outcomes ? outcomes : outcomes[browser])[state]
