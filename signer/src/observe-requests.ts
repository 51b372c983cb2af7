/** The id of each request, and its line for the hook. */
import { routePath } from 'hono/route'
import { describeError } from './errors.ts'
import { callHook, type SignerHooks } from './hooks.ts'
import type { RequestContext } from './request-context.ts'

export const observeRequests =
  ({ onRequest }: Pick<SignerHooks, 'onRequest'>) =>
  async (c: RequestContext, next: () => Promise<void>): Promise<void> => {
    const started = performance.now()
    c.set('requestId', c.env?.requestId ?? crypto.randomUUID())
    await next()
    // Not `c.header`: on a finished response it creates a new Response, which costs a third of a whole request.
    if (!c.var.headed) c.res.headers.set('x-request-id', c.var.requestId)
    if (!onRequest) return
    const { caller, storeId, failure } = c.var
    callHook(onRequest, {
      requestId: c.var.requestId,
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      ms: Math.round((performance.now() - started) * 10) / 10,
      ...(caller && { sub: caller.claims.sub }),
      ...(storeId !== undefined && { storeId }),
      ...(c.res.status >= 500 && failure !== undefined && { error: describeError(failure) }),
    })
  }
