/** Navigations that never open the app's page. */

/** Paths with their query: file URLs, the servers of `rockpool({ backend: true })`, and Rockpool's server on the origin of the app. */
export const SERVER_PATHS: readonly RegExp[] = [
  /\/rockpool\/[cf]\//,
  /^\/rockpool-dev\//,
  /^\/(?:signer|sync|storage\/v1)(?:[/?]|$)/,
  /^\/(?:health|ready|metrics)(?:\?|$)/,
]
