/** The engine's inside, for programs written with Effect: the same pool, in your scope and with your clock. */
export { engineSettings, type PoolOptions } from './create-pool.ts'
export { type EnginePorts, makePool } from './engine/engine.ts'
export type { EngineSettings } from './engine/services.ts'
