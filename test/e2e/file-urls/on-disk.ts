/** What a test does to the device's disk, past the pool. Each runs in the page. */

/** Waits until the worker has recorded these contents. */
export const untilKept = async (storeId: string, addresses: readonly string[]): Promise<void> => {
  const done = <A>(request: IDBRequest<A>) =>
    new Promise<A>((resolve, reject) => {
      request.addEventListener('success', () => resolve(request.result))
      request.addEventListener('error', () => reject(request.error!))
    })
  const database = await done(indexedDB.open(`rockpool-${storeId}`))
  for (;;) {
    const kept = new Set(await done(database.transaction('contents').objectStore('contents').getAllKeys()))
    if (addresses.every((address) => kept.has(address))) break
    await new Promise((turned) => setTimeout(turned, 50))
  }
  database.close()
}

/** Cuts the files of these contents, as a failing disk does. */
export const cutContents = async (storeId: string, addresses: readonly string[]): Promise<void> => {
  const root = await navigator.storage.getDirectory()
  const contents = await (await root.getDirectoryHandle(`rockpool-${storeId}`)).getDirectoryHandle('contents')
  for (const address of addresses) {
    const writable = await (await contents.getFileHandle(address)).createWritable({ keepExistingData: true })
    await writable.truncate(10)
    await writable.close()
  }
}

/** Removes the session of the store, as signing out does. */
export const signOut = async (storeId: string): Promise<void> => {
  const done = <A>(request: IDBRequest<A>) =>
    new Promise<A>((resolve, reject) => {
      request.addEventListener('success', () => resolve(request.result))
      request.addEventListener('error', () => reject(request.error!))
    })
  const database = await done(indexedDB.open(`rockpool-${storeId}`))
  await done(database.transaction('session', 'readwrite').objectStore('session').delete('session'))
  database.close()
}

/** Waits until bytes of parts that have not arrived whole are on disk. @returns their number */
export const untilFragments = async (storeId: string): Promise<number> => {
  const root = await navigator.storage.getDirectory()
  for (;;) {
    try {
      const folder = await (await root.getDirectoryHandle(`rockpool-${storeId}`)).getDirectoryHandle('fragments')
      let bytes = 0
      for await (const handle of folder.values()) bytes += (await (handle as FileSystemFileHandle).getFile()).size
      if (bytes > 0) return bytes
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error
    }
    await new Promise((turned) => setTimeout(turned, 50))
  }
}
