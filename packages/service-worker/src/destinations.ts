/** Request destinations that files are served to. Destinations that run code or style the page are refused. */

/** An allow list: the platform may add new destinations. */
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

/** Whether the response becomes a document, in a tab or a frame. */
export const isDocument = (destination: string): boolean => DOCUMENTS.has(destination)
