/** What every object store must do, whatever keeps its bytes. Signed URLs are sent over HTTP for real. */
import { afterAll, beforeAll, describe } from 'vitest'
import { isRockpoolError } from '@rockpool/protocol'
import { serveObject } from '../serve-object.ts'
import type { ObjectStore } from '../object-store.ts'
import { verifyLocalUrl } from '../signed-url.ts'
import { abortCases } from './abort-cases.ts'
import { keyCases } from './key-cases.ts'
import { multipartCases } from './multipart-cases.ts'
import { objectCases } from './object-cases.ts'
import { serveFetch, type Serving } from './serve-fetch.ts'
import { signedUrlCases } from './signed-url-cases.ts'

/** For stores whose signed URLs the signer serves: the suite does, here. */
export interface StoreSetup {
  readonly publicBaseUrl: string
  readonly secret: string
}

/** Makes the store under test. It may hold other objects: the suite keeps to keys of its own. The suite closes it. */
export type MakeStore = (setup: StoreSetup) => Promise<ObjectStore>

/** The store under test, and a new key prefix at each call. */
export interface Subject {
  readonly store: ObjectStore
  readonly prefix: () => string
}

/** Runs the acceptance suite on one adapter. */
export const objectStoreSuite = (name: string, make: MakeStore): void => {
  describe(`object store: ${name}`, () => {
    const secret = 'a secret of the acceptance suite only'
    let store: ObjectStore
    let serving: Serving

    beforeAll(async () => {
      serving = await serveFetch((request) => answerSigned(store, secret, request))
      store = await make({ publicBaseUrl: serving.url, secret })
    })

    afterAll(async () => {
      await store?.close()
      await serving?.close()
    })

    const subject: Subject = {
      get store() {
        return store
      },
      prefix: () => `suite-${crypto.randomUUID()}`,
    }
    objectCases(subject)
    keyCases(subject)
    signedUrlCases(subject)
    multipartCases(subject)
    abortCases(subject)
  })
}

const answerSigned = async (store: ObjectStore, secret: string, request: Request): Promise<Response> => {
  const url = new URL(request.url)
  const key = decodeURIComponent(url.pathname.slice('/objects/'.length))
  try {
    const { method } = request
    const grant = await verifyLocalUrl(secret, { method, key, query: url.searchParams, now: Date.now() })
    return await serveObject(store, request, grant)
  } catch (error) {
    if (!isRockpoolError(error, 'forbidden')) throw error
    await request.body?.cancel()
    return Response.json({ error: { code: error.code, message: error.message } }, { status: 403 })
  }
}
