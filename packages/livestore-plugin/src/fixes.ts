/**
 * Defects of LiveStore 0.4.0 outside its sync processors, each mended by one line. A test compares them with the installed
 * version: when upstream mends one, it goes from here.
 */

export interface Fix {
  /** the end of the path of LiveStore's module */
  readonly file: string
  /** stands there exactly once */
  readonly from: string
  readonly to: string
}

const POOL = '@livestore/sqlite-wasm/dist/browser/opfs/AccessHandlePoolVFS.js'
const SHARED_WORKER = '@livestore/adapter-web/dist/web-worker/shared-worker/make-shared-worker.js'

export const FIXES: readonly Fix[] = [
  // After a quick reload the old page still holds the database: the new leader died of it, and with it all syncing.
  {
    file: POOL,
    from: 'createSyncAccessHandle(fileHandle);',
    to: 'createSyncAccessHandle(fileHandle).pipe(Effect.retry(Schedule.exponentialBackoff10Sec));',
  },
  // A first page that ended while the 21 files of the pool were made left too few: "unable to open database file" ever after.
  {
    file: POOL,
    from: 'if (this.getCapacity() === 0) {',
    to: 'if (this.getCapacity() < DEFAULT_CAPACITY) {',
  },
  {
    file: POOL,
    from: 'yield* this.addCapacity(DEFAULT_CAPACITY);',
    to: 'yield* this.addCapacity(DEFAULT_CAPACITY - this.getCapacity());',
  },
  // A request that a dead leader never answers kept the next leader out of the shared worker.
  {
    file: SHARED_WORKER,
    from: 'Effect.andThen((worker) => worker.executeEffect(req)),',
    to: `Effect.andThen((worker) => Effect.raceFirst(Effect.map(worker.executeEffect(req), (answer) => ({ answer })), Effect.as(SubscriptionRef.waitUntil(leaderWorkerContextSubRef, (context) => context?.worker !== worker), {}))), Effect.repeat({ until: (outcome) => 'answer' in outcome }), Effect.map(({ answer }) => answer),`,
  },
  // A page that opens reads the file of the state by itself, maybe in the middle of a transaction of the leader.
  {
    file: '@livestore/adapter-web/dist/web-worker/client-session/persisted-adapter.js',
    from: 'options.experimental?.disableFastPath === true',
    to: 'true',
  },
  {
    file: '@livestore/adapter-web/dist/single-tab/single-tab-adapter.js',
    from: 'options.experimental?.disableFastPath === true',
    to: 'true',
  },
  // What a rollback changes is read from a cache of results that it leaves as it was.
  {
    file: '@livestore/livestore/dist/SqliteDbWrapper.js',
    from: 'const invertedChangeset = this.db.makeChangeset(changeset).invert();',
    to: 'this.resultCache = new QueryCache(); if (changeset.length === 0) return; const invertedChangeset = this.db.makeChangeset(changeset).invert();',
  },
]

/**
 * @param path of a module
 * @throws Error when LiveStore is another version
 */
export const applyFixes = (path: string, code: string): string | undefined => {
  const fixes = FIXES.filter(({ file }) => path.endsWith(file))
  if (fixes.length === 0) return undefined
  return fixes.reduce((text, { from, to }) => {
    if (!text.includes(from)) {
      throw new Error(`Rockpool's plugin is made for LiveStore 0.4.0, and "${from}" is not in ${path}: use exactly that version.`)
    }
    // a function: the text may contain `$`
    return text.replace(from, () => to)
  }, code)
}
