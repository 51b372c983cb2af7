/** Listens for the appends of other servers on the same database, on its own connection, which reconnects when it breaks. */
import type { Sql } from 'postgres'
import type { Clock } from '../../clock.ts'
import type { AppendWatcher } from '../../event-log/event-log.ts'
import { connect } from './database.ts'
import { CHANNEL, parseNotice } from './notice.ts'

/** Between two attempts to connect. */
const RETRY_MS = 500

export interface ListenOptions {
  readonly url: string
  /** of this server, whose own notices are left out */
  readonly origin: string
  readonly clock: Clock
}

export interface Listener {
  /** Resolves when it listens for the first time. */
  readonly ready: Promise<void>
  /** The watcher is not called any more. */
  stop(): Promise<void>
}

/** Notices are lost while there is no connection: `resumed` says that some may be. */
export const listen = ({ url, origin, clock }: ListenOptions, watcher: AppendWatcher): Listener => {
  const ready = Promise.withResolvers<void>()
  let isFirst = true
  let isStopped = false
  let current: Sql | undefined
  let cancelRetry = () => {}

  const onNotify = (_: string, payload: string) => {
    const notice = parseNotice(payload)
    if (!isStopped && notice && notice.origin !== origin) watcher.appended(notice.storeId, notice.since)
  }

  const onListening = () => {
    if (!isFirst && !isStopped) watcher.resumed()
    isFirst = false
    ready.resolve()
  }

  const start = () => {
    let isLost = false
    // Requests meet the same error, and report it.
    const onClose = () => {
      if (isLost) return
      isLost = true
      void sql.end({ timeout: 0 })
      if (!isStopped) cancelRetry = clock.setTimer(start, RETRY_MS)
    }
    const sql = connect(url, { onClose, onNotify })
    current = sql
    sql.unsafe(`LISTEN ${CHANNEL}`).then(onListening, onClose)
  }

  start()
  return {
    ready: ready.promise,
    stop: async () => {
      isStopped = true
      cancelRetry()
      await current?.end({ timeout: 0 })
    },
  }
}
