import type { Tab } from './tab.ts'

/** Events of the device that no sync server has confirmed, read past the engine. */
export const waitingEvents = (tab: Tab): Promise<number> =>
  tab.page.evaluate(async () => {
    const { name } = (await indexedDB.databases()).find(({ name }) => name!.startsWith('rockpool-'))!
    const result = <A>(request: IDBRequest<A>) =>
      new Promise<A>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const database = await result(indexedDB.open(name!))
    const count = await result(database.transaction('outbox').objectStore('outbox').count())
    database.close()
    return count
  })
