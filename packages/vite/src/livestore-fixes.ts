import type { Plugin } from 'vite'

/** One place in LiveStore's code that is replaced by another text. */
interface Fix {
  /** end of the path of the module */
  readonly file: string
  readonly from: string
  readonly to: string
}

/**
 * The defects of LiveStore 0.4.0 that Rockpool's users would meet, and their mending.
 * A test compares them with the installed version: when upstream mends one, it goes from here.
 */
export const LIVESTORE_FIXES: readonly Fix[] = [
  // After a quick reload the new leader does not retry to open the database that the old page still holds: a dead leader,
  // commits pending for ever.
  {
    file: '@livestore/sqlite-wasm/dist/browser/opfs/AccessHandlePoolVFS.js',
    from: 'createSyncAccessHandle(fileHandle);',
    to: 'createSyncAccessHandle(fileHandle).pipe(Effect.retry(Schedule.exponentialBackoff10Sec));',
  },
  // A ping timeout reconnects without failing the calls in flight on the dead socket: they are never sent again.
  // 'Read' takes the branch that fails them, and they are repeated.
  {
    file: '@livestore/utils/dist/effect/RpcClient.js',
    from: `reason: 'OpenTimeout',`,
    to: `reason: 'Read',`,
  },
  // A ping that waited for the socket to reopen is followed at once by the next tick of `fixed`: a false timeout.
  {
    file: '@livestore/sync-cf/dist/client/transport/ws-rpc-client.js',
    from: 'Schedule.fixed(pingInterval)',
    to: 'Schedule.spaced(pingInterval)',
  },
  // The back-off is never reset for the life of the tab: at most 2 s between attempts instead of 30 s.
  {
    file: '@livestore/sync-cf/dist/client/transport/ws-rpc-client.js',
    from: `Schedule.fixed('30 seconds')`,
    to: `Schedule.spaced('2 seconds')`,
  },
]

/** Mends LiveStore while it is bundled. Needed wherever its code passes: pages, workers, and dependencies bundled ahead in dev. */
export const livestoreFixes = (): Plugin => ({
  name: 'rockpool:livestore-fixes',
  enforce: 'pre',
  transform(code, id) {
    // Dev serves LiveStore's shared worker raw, as `….js?v=…`.
    const path = id.replaceAll('\\', '/').replace(/[?#].*$/, '')
    const fixes = LIVESTORE_FIXES.filter((fix) => path.endsWith(fix.file))
    if (fixes.length === 0) return
    for (const { from, to } of fixes) {
      if (!code.includes(from)) {
        this.error(`Rockpool mends LiveStore 0.4.0, and "${from}" is not in ${path}: use exactly that version.`)
      }
      code = code.replace(from, to)
    }
    return { code, map: null }
  },
})
