/** Rockpool's server inside a process of your own. The command line is `rockpool-server`. */
export { ConfigError } from './config/config-error.ts'
export { loadConfig, type LoadOptions } from './config/load-config.ts'
export type { ServerConfig } from './config/server-config.ts'
export { collect, type CollectOptions, type CollectReport } from './gc/collect.ts'
export type { LiveSet, LiveSets } from './gc/live-set.ts'
export { createLog, type Log, type LogLevel } from './serve/log.ts'
export { type RunningServer, type ServeOptions, startServer } from './serve/start-server.ts'
export { openTracer, type Tracer } from './serve/tracing.ts'
