/** The page's side of the service worker: registration, control, and tokens for it. */
import type { Session } from '@rockpool/core'
import type { StoreId } from '@rockpool/protocol'
import { Workbox } from 'workbox-window'

/** After this time the page opens without a worker: one of the app's own may not claim pages, and a network may hang (ms). */
const CONTROL_WAIT_MS = 10_000

/**
 * Registers the service worker and waits until it controls this page, so that it serves the first `<img>` too. A page
 * without service workers, or whose worker does not install, opens without one: `pool.open` works there.
 */
export const controlledBy = async (url: string): Promise<void> => {
  if (!('serviceWorker' in navigator)) return
  const registered = register(url)
  // Registering asks the server for a newer worker, and never ends while the server accepts connections without a response.
  if (navigator.serviceWorker.controller) return
  let timer: ReturnType<typeof setTimeout> | undefined
  await Promise.race([
    registered,
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CONTROL_WAIT_MS)
    }),
  ])
  clearTimeout(timer)
}

/** Resolves when the page is controlled, or when the worker did not install. */
const register = async (url: string): Promise<void> => {
  try {
    const registration = await new Workbox(url).register({ immediate: true })
    if (!registration || navigator.serviceWorker.controller) return
    // A page loaded with shift-reload is not controlled until the worker claims it again.
    if (registration.active) registration.active.postMessage({ type: 'rockpool:claim' })
    await controlOrEnd(registration)
  } catch (error) {
    console.warn(
      'The service worker could not be registered; file URLs do not work in this page. `pool.open` does.',
      error,
    )
  }
}

/** Resolves when the page is controlled, or when the worker that is being installed has failed. */
const controlOrEnd = (registration: ServiceWorkerRegistration): Promise<void> =>
  new Promise((resolve) => {
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true })
    const coming = registration.installing ?? registration.waiting
    coming?.addEventListener('statechange', () => {
      if (coming.state === 'redundant') resolve()
    })
    if (navigator.serviceWorker.controller) resolve()
  })

/**
 * Replies to the service worker: with a fresh token when the signer refused the one in the index, and to its pings, since each message
 * keeps it alive.
 *
 * @returns stop
 */
export const replyToWorker = (storeId: StoreId, session: Session): (() => void) => {
  if (!('serviceWorker' in navigator)) return () => {}
  const answer = (event: MessageEvent<unknown>) => {
    const request = event.data as { readonly type?: unknown; readonly storeId?: unknown } | null
    if (request?.type === 'rockpool:ping') event.source?.postMessage({ type: 'rockpool:pong' })
    const port = event.ports[0]
    if (!port || request?.type !== 'rockpool:token' || request.storeId !== storeId) return
    session.token({ fresh: true }).then(
      (token) => port.postMessage({ token }),
      () => port.postMessage({ token: null }),
    )
  }
  navigator.serviceWorker.addEventListener('message', answer)
  return () => navigator.serviceWorker.removeEventListener('message', answer)
}
