import type { Buckets } from 'rockpool'

/** The rules of this store, the same for the page and the servers. */
export const buckets: Buckets = {
  files: { access: 'store' },
  photos: { access: 'store' },
}
