import { Context, Effect, Layer } from 'effect'
import { Settings } from '../services.ts'
import { type ConnectionBudget, makeConnectionBudget } from './connection-budget.ts'

/** What all transfers of the pool share. */
export class Connections extends Context.Tag('@rockpool/core/Connections')<Connections, ConnectionBudget>() {}

/** Bytes of parts in memory at the same time. */
const BYTES_IN_FLIGHT = 64 * 1024 * 1024

export const ConnectionsLive = Layer.effect(
  Connections,
  Effect.map(Settings, ({ connections }) => makeConnectionBudget({ connections, bytes: BYTES_IN_FLIGHT })),
)
