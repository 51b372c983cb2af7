/** All services that work of the engine may use. */
import type { Device } from './device.ts'
import type { GroupCommit } from './log/group-commit.ts'
import type { RefusedRows } from './log/refused-rows.ts'
import type { SyncState } from './log/sync-state.ts'
import type { PoolEmitter } from './pool-emitter.ts'
import type { BlobPort, IndexPort, LogPort, Platform, Settings, SignerPort } from './services.ts'
import type { Connections } from './transfers/connections.ts'

export type EngineServices =
  | LogPort
  | BlobPort
  | IndexPort
  | SignerPort
  | Settings
  | Device
  | PoolEmitter
  | Platform
  | GroupCommit
  | RefusedRows
  | SyncState
  | Connections
