/** The routes of the signer HTTP contract, v1. Each call is implemented in the file of its name. */
import { Hono } from 'hono'
import { checkOptions } from './check-options.ts'
import { allowOrigins } from './cors.ts'
import { createServices } from './create-services.ts'
import { errorResponse, httpError } from './errors.ts'
import { observeRequests } from './observe-requests.ts'
import { openapi } from './openapi.ts'
import type { SignerOptions } from './options.ts'
import { createReadiness } from './readiness.ts'
import type { Env, RequestSource } from './request-context.ts'
import { originsOf, respond } from './respond.ts'
import { addArtifactRoutes } from './routes/artifact-routes.ts'
import { addGatewayRoutes } from './routes/gateway-routes.ts'
import { addMultipartRoutes } from './routes/multipart-routes.ts'
import { addObjectRoutes } from './routes/object-routes.ts'
import { addUrlRoutes } from './routes/url-routes.ts'

export interface Signer {
  /** Serves one request. Never rejects. */
  readonly fetch: (request: Request, source?: RequestSource) => Promise<Response>
}

/**
 * The signer as a web-standard handler.
 *
 * @throws RockpoolError `bad_request` when the options are unsafe or invalid
 */
export const createSigner = (options: SignerOptions): Signer => {
  checkOptions(options)
  const services = createServices(options)
  const ready = createReadiness(options.store)
  const app = new Hono<Env>()

  app.use(observeRequests(options.hooks ?? {}))
  app.use(allowOrigins(options.cors?.origins ?? []))
  app.onError((error, c) => {
    c.set('failure', error)
    return errorResponse(error)
  })
  app.notFound(() =>
    errorResponse(httpError('not_found', 'There is no such call. See /openapi.json for those there are.')),
  )

  app.get('/health', (c) => respond(c, { ok: true }))
  app.get('/ready', () => ready())
  app.get('/openapi.json', (c) => c.json(openapi()))
  const origins = originsOf(options)
  const kinds = [addUrlRoutes, addMultipartRoutes, addObjectRoutes, addArtifactRoutes]
  for (const add of options.gateway ? [...kinds, addGatewayRoutes] : kinds) add(app, services, origins, options)

  return {
    fetch: async (request, source = {}) => {
      try {
        return await app.fetch(request, source)
      } catch (error) {
        // Hono rethrows values that are no Error, which the app's own hooks may throw.
        return errorResponse(error)
      }
    },
  }
}
