/** Which call of `/storage/v1` a request is (docs/contracts/rest-http.md). Pure. */
import { checkName, checkPath } from '@rockpool/core/records'
import { isBucketName, RockpoolError } from '@rockpool/protocol'
import { REST_PATH } from '../serve/route.ts'

/** Where an object is in its store. */
export interface ObjectPlace {
  readonly bucket: string
  readonly path: string
}

export type RestCall =
  | { readonly call: 'listBuckets' | 'readUsage' | 'createBucket' | 'listObjects' | 'readEvents' }
  | ({ readonly call: 'readObject' | 'writeObject' | 'deleteObject' | 'signObject' | 'releaseObject' } & ObjectPlace)
  | ({ readonly call: 'readSigned' } & ObjectPlace)

/**
 * @param pathname of the URL, percent-encoded
 * @throws RockpoolError `not_found`, `bad_request`
 */
export const parseCall = (method: string, pathname: string): RestCall => {
  const rest = pathname.slice(REST_PATH.length)
  const read = method === 'GET' || method === 'HEAD'
  if (rest === '/bucket' && read) return { call: 'listBuckets' }
  if (rest === '/bucket' && method === 'POST') return { call: 'createBucket' }
  if (rest === '/usage' && read) return { call: 'readUsage' }
  if (rest === '/objects' && read) return { call: 'listObjects' }
  if (rest === '/events' && method === 'GET') return { call: 'readEvents' }
  const signed = /^\/object\/sign\/(.*)$/.exec(rest)?.[1]
  if (signed !== undefined && method === 'POST') return { call: 'signObject', ...parsePlace(signed) }
  if (signed !== undefined && read) return { call: 'readSigned', ...parsePlace(signed) }
  const released = /^\/object\/release\/(.*)$/.exec(rest)?.[1]
  if (released !== undefined && method === 'POST') return { call: 'releaseObject', ...parsePlace(released) }
  const plain = signed === undefined ? /^\/object\/(.*)$/.exec(rest)?.[1] : undefined
  const call = read ? 'readObject' : OBJECT_CALLS.get(method)
  if (plain !== undefined && call !== undefined) return { call, ...parsePlace(plain) }
  throw new RockpoolError('not_found', 'There is no such call. See docs/contracts/rest-http.md for those there are.')
}

const OBJECT_CALLS: ReadonlyMap<string, 'writeObject' | 'deleteObject'> = new Map([
  ['POST', 'writeObject'],
  ['DELETE', 'deleteObject'],
])

const parsePlace = (encoded: string): ObjectPlace => {
  const [bucket = '', ...segments] = encoded.split('/')
  const path = decode(segments.join('/')).normalize('NFC')
  if (!isBucketName(bucket)) throw badPath('A bucket name has 1 to 128 letters, digits, "_" and "-".')
  const wrong = checkPath(path) ?? checkName(path.slice(path.lastIndexOf('/') + 1))
  if (wrong) throw badPath(wrong.message)
  return { bucket, path }
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badPath('The path is not percent-encoded UTF-8. Encode each segment by encodeURIComponent.')
  }
}

const badPath = (message: string) => new RockpoolError('bad_request', message)
