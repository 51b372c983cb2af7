import type { Plugin } from 'vite'
import { CONNECTION_FIXES } from './connection.ts'
import type { Fix } from './fix.ts'
import { LEADER_CHANGE_FIXES } from './leader-change.ts'
import { TORN_DATABASE_FIXES } from './torn-databases.ts'

/**
 * The defects of LiveStore 0.4.0 that Rockpool's users would meet, and their mending.
 * A test compares them with the installed version: when upstream mends one, it goes from here.
 */
export const LIVESTORE_FIXES: readonly Fix[] = [...CONNECTION_FIXES, ...LEADER_CHANGE_FIXES, ...TORN_DATABASE_FIXES]

/** Mends LiveStore while it is bundled. Needed wherever its code passes: pages, workers, and dependencies bundled ahead in dev. */
export const livestoreFixes = (): Plugin => ({
  name: 'rockpool:livestore-fixes',
  enforce: 'pre',
  transform(code, id) {
    // `?worker`, `?sharedworker`: not the worker's code, but a class that starts it
    if (/[?&](?:shared)?worker(?:&|$)/.test(id)) return
    // Dev serves LiveStore's shared worker raw, as `….js?v=…`.
    const path = id.replaceAll('\\', '/').replace(/[?#].*$/, '')
    const fixes = LIVESTORE_FIXES.filter((fix) => path.endsWith(fix.file))
    if (fixes.length === 0) return
    for (const { from, to } of fixes) {
      if (!code.includes(from)) {
        this.error(`Rockpool mends LiveStore 0.4.0, and "${from}" is not in ${path}: use exactly that version.`)
      }
      // a function: the text may contain `$`
      code = code.replace(from, () => to)
    }
    return { code, map: null }
  },
})
