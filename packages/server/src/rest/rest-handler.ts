/** The REST API (docs/contracts/rest-http.md), from Request to Response. */
import type { Authenticate } from '@rockpool/access'
import type { Buckets } from '@rockpool/protocol'
import type { StoredFile } from '@rockpool/sync-server'
import { type Caller, identify, type RateLimit, requireRate, requireUser } from './caller.ts'
import { allowOrigin, preflightResponse } from './cors.ts'
import { errorResponse, reportFault } from './errors.ts'
import { createBucket } from './create-bucket.ts'
import { toFileQuery } from './list-query.ts'
import { bucketJson, bucketsJson, objectJson } from './object-json.ts'
import { readEvents } from './read-events.ts'
import { readObject, readSigned, signObject } from './read-object.ts'
import { readUsage } from './read-usage.ts'
import { releaseObject } from './release-object.ts'
import { parseCall, type RestCall } from './route.ts'
import type { RestServices } from './services.ts'
import { deleteObject, writeObject } from './write-object.ts'

export interface RestOptions extends RestServices {
  readonly authenticate: Authenticate
  /** honours the claim `role: "service"` */
  readonly serviceRole: boolean
  /** no limit unless set */
  readonly rateLimit?: RateLimit | undefined
  /** exact origins of web apps that are served from elsewhere */
  readonly allowedOrigins: readonly string[]
}

export interface RestHandler {
  /** Responds to one request. Never rejects. @param source.address where the request came from */
  fetch(request: Request, source?: { readonly address?: string }): Promise<Response>
}

export const createRestHandler = (options: RestOptions): RestHandler => {
  const { authenticate, rateLimit, serviceRole, allowedOrigins } = options

  const respond = async (request: Request, address: string | undefined): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url)
    const call = parseCall(request.method, pathname)
    if (call.call === 'readSigned') {
      requireRate(rateLimit, `address ${address ?? ''}`)
      return readSigned(options, call, searchParams, request)
    }
    return respondTo(options, await identify(request, { authenticate, rateLimit, serviceRole, address }), call, request)
  }

  return {
    fetch: async (request, { address } = {}) => {
      const preflight = allowedOrigins.length > 0 ? preflightResponse(request) : undefined
      const response =
        preflight ??
        (await respond(request, address).catch((error: unknown) => {
          reportFault(options, request, error)
          return errorResponse(error)
        }))
      return allowOrigin(request, response, allowedOrigins)
    },
  }
}

const respondTo = async (
  services: RestServices,
  caller: Caller,
  call: Exclude<RestCall, { readonly call: 'readSigned' }>,
  request: Request,
): Promise<Response> => {
  const { searchParams } = new URL(request.url)
  const buckets = await services.storeBuckets.bucketsOf(caller.storeId, 'bucket' in call ? call.bucket : undefined)
  const listJson = async (files: readonly StoredFile[]) => {
    const states = await services.holds.statesOf(files.filter(isHolding(buckets)).map(({ remoteKey }) => remoteKey))
    return files.map((file) => objectJson(file, states.get(file.remoteKey) ?? 'released'))
  }
  const toJson = async (file: StoredFile) => (await listJson([file]))[0]!
  switch (call.call) {
    case 'listBuckets':
      requireUser(caller, 'read')
      return json(bucketsJson(buckets))
    case 'readUsage':
      return json(await readUsage(services, caller))
    case 'createBucket': {
      const { name, rules, created } = await createBucket(services, caller, request)
      return json(bucketJson(name, rules), created ? 201 : 200)
    }
    case 'listObjects': {
      const query = toFileQuery(searchParams, requireUser(caller, 'read').claims.sub, buckets)
      const { readModel } = await services.logs.open(caller.storeId)
      const { files, cursor } = await readModel.files(query)
      return json({ objects: await listJson(files), cursor: cursor ?? null })
    }
    case 'readEvents':
      return readEvents(services, caller, request)
    case 'readObject':
      return readObject(services, caller, call, request)
    case 'writeObject': {
      const { file, created } = await writeObject(services, caller, call, request)
      return json(await toJson(file), created ? 201 : 200)
    }
    case 'deleteObject':
      return json(await toJson(await deleteObject(services, caller, call, request.signal)))
    case 'releaseObject':
      return json(await toJson(await releaseObject(services, caller, call, request)))
    case 'signObject':
      return json(await signObject(services, caller, call, searchParams.get('expires_in')))
  }
}

const isHolding =
  (buckets: Buckets) =>
  ({ bucket }: StoredFile): boolean =>
    Object.hasOwn(buckets, bucket) && buckets[bucket]!.hold !== undefined

const json = (body: unknown, status = 200): Response =>
  Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
