/** Where `@rockpool/vite` puts the service worker: at Vite's `base`. */
export const defaultWorkerUrl = (): string => {
  // Vite looks for exactly this expression.
  const base = (import.meta as { readonly env?: { readonly BASE_URL?: string } }).env?.BASE_URL
  return workerUrl(base ?? '/')
}

/** @param base of Vite: a path, or the URL of a CDN; a service worker has to be on the page's own origin */
export const workerUrl = (base: string): string => `${/^(?:https?:)?\/\//.test(base) ? '/' : base}service-worker.js`
