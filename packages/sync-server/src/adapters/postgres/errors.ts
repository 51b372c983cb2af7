/** Errors of Postgres and of the connection to it, for the operator of the server. */
import { isRockpoolError } from '@rockpool/protocol'
import { EventLogError, isEventLogError } from '../../event-log/event-log.ts'

/** SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DISK_FULL = '53100'
/** A code of Postgres. Those of the driver and of Node are words, such as EPIPE. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/

const WHAT = 'The Postgres database of the event logs'

/** Errors that no driver throws: of the port, or of a check. */
const isOurs = (error: unknown): error is Error => isEventLogError(error) || isRockpoolError(error)

/** Whether the connection is gone, or could not be made. */
export const isConnectionError = (error: unknown): boolean => {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && !isOurs(error) && (!SQLSTATE.test(code) || code.startsWith('08'))
}

/** Classes of codes that speak of the row that is stored: data, constraints, limits of a row or an index, RAISE of a trigger. */
const ROW_CLASSES = new Set(['22', '23', '54', 'P0'])

/** Whether Postgres refuses a row, and works else. */
export const isRowError = (error: unknown): boolean => {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && SQLSTATE.test(code) && ROW_CLASSES.has(code.slice(0, 2))
}

/** What to do, by the beginning of the code: the longest one counts. */
const ADVICE: readonly (readonly [prefix: string, advice: string])[] = [
  ['28', 'Correct the user and the password in its URL.'],
  ['3D', 'Create the database, or correct its name in the URL.'],
  ['42501', 'Grant this user the right to create and use the schema "rockpool".'],
  ['53300', 'Raise max_connections, or give each server fewer connections.'],
  ['55P03', 'Another server holds the log of this store for too long: look for one that hangs.'],
  ['57P', 'It is starting or stopping: the next request tries again.'],
]

/** Any error of the driver as one for the operator. Other errors are returned as they are. No message has the URL, which has a password. */
export const toLogError = (error: unknown): Error => {
  if (isOurs(error)) return error
  const { code, message } = error as { readonly code?: unknown; readonly message: string }
  if (typeof code !== 'string') return error as Error
  const options = { cause: error }
  if (code === DISK_FULL) {
    return new EventLogError('no_space', `${WHAT} cannot grow: its disk is full. Free some space.`, options)
  }
  const advice = ADVICE.find(([prefix]) => code.startsWith(prefix))?.[1]
  if (isConnectionError(error)) {
    return new EventLogError(
      'unavailable',
      `${WHAT} cannot be reached (${code}). Start it, or correct its URL.`,
      options,
    )
  }
  return new EventLogError(
    'unavailable',
    `${WHAT} cannot be used (${code}: ${message}). ${advice ?? 'Look into its log.'}`,
    options,
  )
}

/** The connection is gone, and no query was under way that could say why. */
export const closedConnection = (): Error => toLogError({ code: 'CONNECTION_CLOSED', message: 'It was closed.' })

/** The database takes connections, and no notice comes back. */
export const noNotices = (): EventLogError =>
  new EventLogError(
    'unavailable',
    `${WHAT} passes no notices on (LISTEN and NOTIFY). Name Postgres itself in its URL, not a pooler such as PgBouncer.`,
  )

/** The server takes a connection, and says nothing. */
export const noResponse = (seconds: number): EventLogError =>
  new EventLogError(
    'unavailable',
    `${WHAT} did not respond within ${seconds} s. Look into its log, and correct the host and port in its URL.`,
  )
