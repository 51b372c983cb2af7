/** Artifacts of pipelines. */
import { listArtifacts, serveArtifact } from '../artifacts.ts'
import { identify } from '../identify.ts'
import { objectOf, pathBehind } from '../request-context.ts'
import { respond } from '../respond.ts'
import type { AddRoutes } from './routes.ts'

export const addArtifactRoutes: AddRoutes = (app, services) => {
  app.get('/artifacts', async (c) => {
    const caller = await identify(services, c)
    return respond(c, await listArtifacts(services, caller, c.req.query(), c.req.raw.signal))
  })
  app.on(['GET', 'PUT', 'POST', 'DELETE'], '/artifacts/*', async (c) => {
    const caller = await identify(services, c)
    const path = pathBehind(c, '/artifacts/')
    return serveArtifact(services, caller, objectOf(c, path))
  })
}
