/** Texts by which a test knows a module in a bundle. */
import type { Thread } from './bundles.ts'

/** Of our processors. */
export const OURS = {
  session: /rockpool\.livestore\.session/,
  leader: /rockpool\.livestore\.leader/,
}

/** Of the modules that they replace. */
export const LIVESTORES = {
  session: /["']makeClientSessionSyncProcessor["']/,
  leader: /@livestore\/common:LeaderSyncProcessor:boot/,
}

/** Of code that a fix takes out; what is constant is computed by most bundlers, so it is looked for only where they do. */
export const FAST_PATH = /experimental\?*\.disableFastPath === true/

const POOL = [
  /createSyncAccessHandle\(\w+\)\.pipe\([^;]*retry/i,
  /this\.getCapacity\(\) < /,
  /this\.addCapacity\([\w$]+ - this\.getCapacity\(\)\)/,
]
const ROLLBACK = /this\.resultCache = new [\w$.()/*! ]+\(\);\s*if \(changeset\.length === 0\)/
const SHARED_WORKER = /["']answer["'] in outcome/

/** Of code that a fix puts in. A bundler may rename what is imported. */
export const FIXED: Record<Thread, readonly RegExp[]> = {
  page: [ROLLBACK, ...POOL],
  worker: POOL,
  'shared-worker': [SHARED_WORKER],
}
