/** The user's token. A real app gets it from its login, the gallery from the dev server. */

/** LiveStore's sync payload: must be the same in every tab, at any time. */
export interface SyncPayload {
  readonly user: string
}

export const tokenUrl = (user: string, storeId: string): string =>
  `/rockpool-dev/token?${new URLSearchParams({ user, store: storeId })}`

/** A token for this user in this store, good for the signer and the sync backend. */
export const fetchToken = async (user: string, storeId: string): Promise<string> => {
  const response = await fetch(tokenUrl(user, storeId), { method: 'POST' })
  if (!response.ok) throw new Error(`The dev server gave no token: ${response.status} ${await response.text()}`)
  const { token } = (await response.json()) as { readonly token: string }
  return token
}
