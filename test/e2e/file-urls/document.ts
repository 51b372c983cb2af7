/** `docs/concepts/file-urls.md`, from the table that the test holds the browsers to. */
import { expectedOutcome, NO_SIGN, STATE_NAMES, STATES, type Use, USES } from './table.ts'

/** Columns of one width, as the formatter writes them. */
const markdownTable = ([head, ...rows]: readonly (readonly string[])[]): string => {
  const widths = head!.map((_, at) => Math.max(...[head!, ...rows].map((cells) => cells[at]!.length)))
  const lines = [head!, widths.map((width) => '-'.repeat(width)), ...rows]
  return lines.map((cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`).join('\n')
}

const cell = (use: Use, state: keyof typeof STATES): string => {
  const [chromium, firefox, webkit] = (['chromium', 'firefox', 'webkit'] as const).map((browser) =>
    expectedOutcome(use, browser, state),
  )
  const isSame = chromium === firefox && (webkit === firefox || webkit === NO_SIGN)
  return isSame ? chromium! : `Chromium ${chromium}, Firefox ${firefox}, WebKit ${webkit}`
}

export const fileUrlsDocument = (): string => `# File URLs in browsers

What a page sees when it uses a file URL, in Chromium, Firefox and WebKit (WebKitGTK). \`test/e2e/file-urls\` makes each of these requests for a file in
each state; this page is generated from the table that it checks, and a test fails when it is stale. A number is the status of the
response.

${markdownTable([
  ['use', ...STATE_NAMES.map((state) => STATES[state])],
  ...USES.map((use) => [use.title].concat(STATE_NAMES.map((state) => cell(use, state)))),
])}

- A signed URL that has expired is replaced by a new one; the page notices nothing.
- A file on this disk that has another length than the index says is fetched again. Without a network it is not served.
- WebKit gives no sign of what became of a CSS background, so that is not checked there. It sends synchronous requests past the worker.
- Browsers send \`<object>\` and \`<embed>\` past the service worker, as the standard says; the server responds with 404. Chromium also
  sends \`<a download>\` past it: save with \`pool.save(file)\`.
- Files are not served as scripts, styles, workers, manifests or plugins (403).
- HTML, SVG and other types that can run script are saved when they are opened, never shown. An SVG is shown as an image, where it runs
  nothing.
- A URL of content never changes, so its validator is the ETag. A URL of a file by its id also has \`Last-Modified\`, the time of its record.
- Text gets its charset once, when it is added, in the type of its record: UTF-8, UTF-16 with a byte order mark, and Windows-1252 for
  other plain text. Text of older records is served as UTF-8; a byte order mark outweighs that.
`
