import type { Pool, StorageReport } from '@rockpool/core'
import { useEffect, useState } from 'react'
import { usePool } from './pool-context.ts'

/** At most one report in this many ms: a report asks the disk, and a transfer changes it many times a second. */
const INTERVAL = 1_000
/** A report looks at every file: with very many of them it may take a twentieth of the time, not more. */
const SHARE = 20

/** What the pool takes of this device's disk, kept up to date; undefined until the first report. */
export const useStorage = (): StorageReport | undefined => {
  const pool = usePool()
  const [report, setReport] = useState<{ readonly pool: Pool; readonly value: StorageReport }>()

  useEffect(
    () =>
      watchStorage(pool, (value) =>
        setReport((previous) =>
          previous?.pool === pool && sameReport(previous.value, value) ? previous : { pool, value },
        ),
      ),
    [pool],
  )
  return report?.pool === pool ? report.value : undefined
}

/** Reports now and after changes, one at a time, until the returned function is called. */
const watchStorage = (pool: Pool, fn: (report: StorageReport) => void): (() => void) => {
  let ended = false
  let running = false
  let wanted = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const report = async () => {
    running = true
    wanted = false
    const start = performance.now()
    try {
      const value = await pool.storage()
      if (!ended) fn(value)
    } catch {
      // The pool closed, or the disk did not respond: keep the last report.
    }
    if (ended) return
    timer = setTimeout(
      () => {
        running = false
        if (wanted) void report()
      },
      Math.max(INTERVAL, SHARE * (performance.now() - start)),
    )
  }
  const changed = () => {
    wanted = true
    if (!running && !ended) void report()
  }

  const stops = [pool.log.subscribe(changed), pool.transfers.subscribe(changed)]
  changed()
  return () => {
    ended = true
    clearTimeout(timer)
    for (const stop of stops) stop()
  }
}

const sameReport = (a: StorageReport, b: StorageReport): boolean =>
  a.used === b.used &&
  a.quota === b.quota &&
  a.persisted === b.persisted &&
  a.evictable === b.evictable &&
  a.pinned === b.pinned &&
  a.localOnly === b.localOnly
