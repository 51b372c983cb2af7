/** The log of the server: one JSON line each, on standard output. */
import { currentRequest } from './request-scope.ts'

/** From the least to the most important. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

/**
 * `debug`: each permission that was granted. `info`: each request, each permission that was refused. `warn`: what the server
 * tries again by itself. `error`: what an operator has to look at.
 */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Each method writes one line with time, level and kind and, within a request, its id. */
export type Log = Readonly<Record<LogLevel, (kind: string, fields: object) => void>>

export interface LogOptions {
  /** lines below are not written; `info` unless set */
  readonly level?: LogLevel
  readonly now?: () => Date
}

/** @param write gets a whole line with its line break */
export const createLog = (
  write: (line: string) => void,
  { level: least = 'info', now = () => new Date() }: LogOptions = {},
): Log => {
  const writer = (level: LogLevel) =>
    LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)
      ? () => {}
      : (kind: string, fields: object) => {
          const requestId = currentRequest()?.requestId
          write(`${JSON.stringify({ time: now().toISOString(), level, kind, requestId, ...fields })}\n`)
        }
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
}
