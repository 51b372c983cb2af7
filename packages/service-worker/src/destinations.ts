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

/** Whether the browser reads the response as it plays, shows or saves it: a paused video may have one for hours. */
export const isReadSlowly = (destination: string): boolean =>
  destination === 'audio' || destination === 'video' || isDocument(destination)

const DOCUMENTS: ReadonlySet<string> = new Set<RequestDestination>(['document', 'frame', 'iframe'])

/** Whether the response becomes a document, in a tab or a frame. */
export const isDocument = (destination: string): boolean => DOCUMENTS.has(destination)
