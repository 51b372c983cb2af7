/** Who may do what: in a real app the token comes from one's own login, here from the dev server. */

/** What the page gives LiveStore: the same in every tab, and at any time. */
export interface SyncPayload {
  readonly user: string
}

/** A token for this user in this store, good for the signer and the sync backend. */
export const fetchToken = async (user: string, storeId: string): Promise<string> => {
  const response = await fetch(`/rockpool-dev/token?${new URLSearchParams({ user, store: storeId })}`, {
    method: 'POST',
  })
  if (!response.ok) throw new Error(`The dev server gave no token: ${response.status} ${await response.text()}`)
  const { token } = (await response.json()) as { readonly token: string }
  return token
}
