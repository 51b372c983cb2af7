/** The sync backend as a worker of its own: what `startSyncBackend` runs, and an entry point to deploy as it is. */
import { makeSyncBackend } from './index.ts'

const backend = makeSyncBackend()

export class SyncBackend extends backend.SyncBackend {}
export default backend.worker
