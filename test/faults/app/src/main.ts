/**
 * An app without a user interface: the test drives its pool. `?store=<id>` names the store. With `?interrupt`, the page can be
 * stopped at any await of a port (`interrupts.ts`).
 */
import { indexedDbIndex } from '@rockpool/opfs'
import { openPool } from 'rockpool'
import { openStore } from '../../../../examples/gallery/src/boot/open-store.ts'
import { fetchToken } from '../../../../examples/gallery/src/boot/token.ts'
import { act } from './actions.ts'
import { deviceState } from './device-state.ts'
import { addNumbered, whenState } from './file-steps.ts'
import { openInterruptiblePool } from './interruptible-pool.ts'
import { lostFiles } from './lost-files.ts'
import { openAll, readFile } from './read.ts'

const USER = 'ada'

const query = new URLSearchParams(location.search)
const storeId = query.get('store') ?? 'faults'
const token = () => fetchToken(USER, storeId)

const store = await openStore(storeId, { user: USER })
const open = query.has('interrupt') ? openInterruptiblePool : openPool
const pool = await open({ store, signer: { url: '/signer', token } })
const index = await indexedDbIndex({ storeId })

const page = {
  act: act.bind(undefined, pool),
  addNumbered: addNumbered.bind(undefined, pool),
  lostFiles: lostFiles.bind(undefined, pool, index),
  openAll: openAll.bind(undefined, pool),
  read: (id: string) => readFile(pool, 'open', pool.files.get(id)!),
  remove: pool.remove,
  state: () => deviceState(pool, index),
  whenState: whenState.bind(undefined, pool),
}

export type FaultsPage = typeof page

Object.assign(window, { pool, faults: page })
