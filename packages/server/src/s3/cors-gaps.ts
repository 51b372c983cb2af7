/** The requests that CORS refuses to browsers on an origin, by the preflights that they send. */
import { CORS_HEADERS, CORS_METHODS, EXPOSED_HEADERS } from './bucket-settings.ts'

/** @param url of an object, signed for GET; it need not exist. @returns what is refused, such as "PUT with if-match" */
export const corsGaps = async (url: string, origin: string): Promise<string[]> => {
  const gaps: string[] = []
  for (const method of CORS_METHODS) {
    for (const header of CORS_HEADERS) {
      const asks = { 'access-control-request-method': method, 'access-control-request-headers': header }
      const response = await ask(url, { method: 'OPTIONS', headers: { origin, ...asks } })
      const allowed =
        response.ok &&
        has(response, 'access-control-allow-origin', origin) &&
        // GET and HEAD need no leave.
        (method !== 'PUT' || has(response, 'access-control-allow-methods', method)) &&
        has(response, 'access-control-allow-headers', header)
      if (!allowed) gaps.push(`${method} with ${header}`)
    }
  }
  const response = await ask(url, { headers: { origin } })
  for (const header of EXPOSED_HEADERS) {
    if (!has(response, 'access-control-expose-headers', header)) gaps.push(`reading ${header}`)
  }
  return gaps
}

/** How many there are where CORS is not set at all. */
export const MOST_GAPS = CORS_METHODS.length * CORS_HEADERS.length + EXPOSED_HEADERS.length

/** Whether a list in the response's headers names the item, or `*`. */
const has = ({ headers }: Response, list: string, item: string): boolean => {
  const items = new Set((headers.get(list) ?? '').split(',').map((text) => text.trim().toLowerCase()))
  return items.has(item.toLowerCase()) || items.has('*')
}

const ask = async (url: string, request: RequestInit): Promise<Response> => {
  const response = await fetch(url, request)
  await response.body?.cancel()
  return response
}
