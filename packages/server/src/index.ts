/** Rockpool's server inside a process of your own. The command line is `rockpool-server`. */
export { ConfigError } from './config/config-error.ts'
export { loadConfig, type LoadOptions } from './config/load-config.ts'
export type { ServerConfig } from './config/server-config.ts'
export { createLog, type Log } from './serve/log.ts'
export { type RunningServer, type ServeOptions, startServer } from './serve/start-server.ts'
