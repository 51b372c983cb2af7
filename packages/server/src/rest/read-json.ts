/** A small JSON body. */
import { RockpoolError } from '@rockpool/protocol'

const MAX_BYTES = 64 * 1024

/**
 * @param example of a body, for the message
 * @returns an empty object for an empty body, if `isShape` takes it
 * @throws RockpoolError `bad_request`, `too_large`
 */
export const readJson = async <A>(
  request: Request,
  isShape: (body: Readonly<Record<string, unknown>>) => body is A & Readonly<Record<string, unknown>>,
  example: string,
): Promise<A> => {
  const body = parse(await readText(request))
  if (typeof body === 'object' && body !== null && !Array.isArray(body) && isShape({ ...body })) return body as A
  throw new RockpoolError('bad_request', `The body has to be JSON such as ${example}.`)
}

const readText = async ({ body }: Request): Promise<string> => {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += chunk.length
    if (length > MAX_BYTES) throw new RockpoolError('too_large', `The body has more than ${MAX_BYTES} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const parse = (text: string): unknown => {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
