/** The records without the engine: what an event means, for the engine, the adapters and the sync server. */
export * from './apply.ts'
export * from './decode-event.ts'
export * from './events.ts'
export * from './inert.ts'
export * from './limits.ts'
export * from './nesting.ts'
export * from './packed-meta.ts'
export * from './record.ts'
