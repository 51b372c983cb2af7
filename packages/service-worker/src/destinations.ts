/** What a page may use a file for: shown, played, opened, fetched. Anything that would run or style the page is refused. */

/** A list of what is allowed, not of what is refused: the platform invents new destinations. */
const ALLOWED: ReadonlySet<string> = new Set<RequestDestination>([
  '', // fetch, XMLHttpRequest, downloads
  'audio',
  'document',
  'font',
  'frame',
  'iframe',
  'image',
  'track',
  'video',
])

export const isAllowedDestination = (destination: string): boolean => ALLOWED.has(destination)

const DOCUMENTS: ReadonlySet<string> = new Set<RequestDestination>(['document', 'frame', 'iframe'])

/** Whether the answer becomes a document, in a tab or a frame. */
export const isDocument = (destination: string): boolean => DOCUMENTS.has(destination)
