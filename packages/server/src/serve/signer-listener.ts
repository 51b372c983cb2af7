/** The signer behind a path of a Node server. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import type { Signer } from '@rockpool/signer'
import { sourceOf } from '@rockpool/signer/node'
import { clientAddress, type TrustedProxies } from '../config/addresses.ts'
import { currentRequest } from './request-scope.ts'

export type SignerListener = (incoming: IncomingMessage, outgoing: ServerResponse, url: string) => void

export const signerListener = (signer: Signer, proxies: TrustedProxies): SignerListener => {
  const listener = getRequestListener(
    (request, env) => {
      const { socket, headers } = (env as HttpBindings).incoming
      const forwarded = headers['x-forwarded-for']
      const header = Array.isArray(forwarded) ? forwarded.join(',') : forwarded
      const address = clientAddress(socket.remoteAddress, header, proxies)
      const requestId = currentRequest()?.requestId
      return signer.fetch(request, {
        ...sourceOf(env as HttpBindings),
        ...(address !== undefined && { address }),
        ...(requestId !== undefined && { requestId }),
      })
    },
    // Its own Request and Response, put in place of the global ones, break other code (honojs/node-server).
    { overrideGlobalObjects: false },
  )
  return (incoming, outgoing, url) => {
    incoming.url = url
    void listener(incoming, outgoing)
  }
}
