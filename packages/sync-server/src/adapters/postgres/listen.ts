/**
 * Listens for the appends of other servers on the same database, on its own connection, which reconnects when it breaks. It
 * sends notices to itself: a connection can be gone without a word, and a pooler takes a LISTEN and passes no notice on.
 */
import type { Sql } from 'postgres'
import type { Clock } from '../../clock.ts'
import type { AppendWatcher } from '../../event-log/event-log.ts'
import { connect } from './database.ts'
import { closedConnection, noNotices } from './errors.ts'
import { CHANNEL, parseNotice, toPing } from './notice.ts'

/** Between two attempts to connect. */
export const RETRY_MS = 500
/** From the response to a ping to the next one: proxies and firewalls close what is idle for a minute or more. */
export const PING_MS = 15_000
/** Until the notice of a ping arrives; the first one includes the time to connect. */
export const PING_TIMEOUT_MS = 30_000

export interface ListenOptions {
  readonly url: string
  /** of this server, whose own notices are left out */
  readonly origin: string
  readonly clock: Clock
}

export interface Listener {
  /**
   * Resolves when notices arrive for the first time.
   *
   * @throws the driver's error
   * @throws EventLogError `unavailable` when no notice arrives
   */
  readonly ready: Promise<void>
  /** The watcher is not called any more. */
  stop(): Promise<void>
}

/** Notices are lost while there is no connection: `resumed` says that some may be. */
export const listen = ({ url, origin, clock }: ListenOptions, watcher: AppendWatcher): Listener => {
  const ready = Promise.withResolvers<void>()
  // A listener may be stopped before anyone asks.
  ready.promise.catch(() => {})
  const ping = toPing(crypto.randomUUID())
  let isFirst = true
  let isStopped = false
  let current: Sql | undefined
  let cancelTimer = () => {}

  const setTimer = (run: () => void, ms: number) => {
    cancelTimer()
    if (!isStopped) cancelTimer = clock.setTimer(run, ms)
  }

  const start = () => {
    let isLost = false
    let isListening = false

    // Requests meet the same error, and report it.
    const lose = (error: Error) => {
      if (isLost) return
      isLost = true
      ready.reject(error)
      void sql.end({ timeout: 0 })
      setTimer(start, RETRY_MS)
    }

    const sendPing = () => {
      setTimer(() => lose(noNotices()), PING_TIMEOUT_MS)
      sql`SELECT pg_notify(${CHANNEL}, ${ping})`.catch(lose)
    }

    const onNotify = (_: string, payload: string) => {
      if (isStopped || isLost) return
      const notice = parseNotice(payload)
      if (notice && notice.origin !== origin) watcher.appended(notice.storeId, notice.since)
      if (payload !== ping) return
      setTimer(sendPing, PING_MS)
      if (isListening) return
      isListening = true
      if (!isFirst) watcher.resumed()
      isFirst = false
      ready.resolve()
    }

    const sql = connect(url, { onClose: () => lose(closedConnection()), onNotify })
    current = sql
    setTimer(() => lose(noNotices()), PING_TIMEOUT_MS)
    sql.unsafe(`LISTEN ${CHANNEL}`).then(sendPing, lose)
  }

  start()
  return {
    ready: ready.promise,
    stop: async () => {
      isStopped = true
      cancelTimer()
      await current?.end({ timeout: 0 })
    },
  }
}
