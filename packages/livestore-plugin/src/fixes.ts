/**
 * Defects of LiveStore 0.4.0 outside its sync processors, each fixed in a few lines. A test compares them with the installed
 * version. A defect that upstream fixes is deleted here.
 */
import { ours } from './replacements.ts'

export interface Fix {
  /** the end of the path of LiveStore's module */
  readonly file: string
  /** stands there exactly once */
  readonly from: string
  readonly to: string
}

const POOL = '@livestore/sqlite-wasm/dist/browser/opfs/AccessHandlePoolVFS.js'
const PERSISTED_ADAPTER = '@livestore/adapter-web/dist/web-worker/client-session/persisted-adapter.js'
const SHARED_WORKER = '@livestore/adapter-web/dist/web-worker/shared-worker/make-shared-worker.js'

export const FIXES: readonly Fix[] = [
  // After a quick reload nothing syncs: the page before still has the database open, and the new leader fails with
  // `NoModificationAllowedError`. The fix retries for 10 s.
  // https://github.com/livestorejs/livestore/issues/244
  {
    file: POOL,
    from: 'createSyncAccessHandle(fileHandle);',
    to: 'createSyncAccessHandle(fileHandle).pipe(Effect.retry(Schedule.exponentialBackoff10Sec));',
  },
  // "unable to open database file" at each start: the first page ended while it made the files that databases live in, and
  // only a pool without any file is filled. Two lines.
  // https://github.com/livestorejs/livestore/blob/v0.4.0/packages/@livestore/sqlite-wasm/src/browser/opfs/AccessHandlePoolVFS.ts#L340
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
  // After the tab that leads is closed, the others wait without end: the shared worker closes its connection to the old leader
  // only when the old leader has responded to all requests. The fix sends a request to the next leader instead.
  // https://github.com/livestorejs/livestore/issues/955
  {
    file: SHARED_WORKER,
    from: 'Effect.andThen((worker) => worker.executeEffect(req)),',
    to: `Effect.andThen((worker) => Effect.raceFirst(Effect.map(worker.executeEffect(req), (answer) => ({ answer })), Effect.as(SubscriptionRef.waitUntil(leaderWorkerContextSubRef, (context) => context?.worker !== worker), {}))), Effect.repeat({ until: (outcome) => 'answer' in outcome }), Effect.map(({ answer }) => answer),`,
  },
  // After a tab shuts its store down, the others are cut off from their leader, and a page that opens waits for one without end.
  // `shared-worker/separate-ports.ts` says why. Two lines.
  {
    file: SHARED_WORKER,
    from: 'import * as WorkerSchema from "../common/worker-schema.js";',
    to: `import * as WorkerSchema from "../common/worker-schema.js"; import { separatePorts } from ${JSON.stringify(ours('./shared-worker/separate-ports'))};`,
  },
  {
    file: SHARED_WORKER,
    from: 'makeWorkerRunner.pipe(Layer.provide(BrowserWorkerRunner.layer),',
    to: 'makeWorkerRunner.pipe(Layer.provide(Layer.effect(WorkerRunner.PlatformRunner, Effect.map(WorkerRunner.PlatformRunner, (runner) => separatePorts(runner, Effect.map)))), Layer.provide(BrowserWorkerRunner.layer),',
  },
  // A tab starts with rows that no device has: it reads the file of the state itself, maybe in the middle of a transaction of
  // the leader. The option `experimental.disableFastPath` does the same, but an app without it works until then.
  // https://github.com/livestorejs/livestore/blob/v0.4.0/packages/@livestore/adapter-web/src/web-worker/client-session/persisted-adapter.ts#L236
  {
    file: PERSISTED_ADAPTER,
    from: 'options.experimental?.disableFastPath === true',
    to: 'true',
  },
  // https://github.com/livestorejs/livestore/blob/v0.4.0/packages/@livestore/adapter-web/src/single-tab/single-tab-adapter.ts#L180
  {
    file: '@livestore/adapter-web/dist/single-tab/single-tab-adapter.js',
    from: 'options.experimental?.disableFastPath === true',
    to: 'true',
  },
  // Each small change costs some ten flushes of the disk. With its lock held, a database can keep a write-ahead log
  // (`configureDatabases` in `leader/databases.ts`), which costs one. The file of that log goes with its database, and the copy
  // that a tab gets must not claim to have one: bytes 18 and 19 say so (sqlite.org/fileformat.html, 1.3). Three lines.
  // https://github.com/livestorejs/livestore/blob/v0.4.0/packages/@livestore/adapter-web/src/web-worker/leader-worker/make-leader-worker.ts#L153
  {
    file: '@livestore/adapter-web/dist/web-worker/leader-worker/make-leader-worker.js',
    from: "// lockingMode: 'EXCLUSIVE',",
    to: "lockingMode: 'EXCLUSIVE',",
  },
  {
    file: '@livestore/adapter-web/dist/web-worker/common/persisted-sqlite.js',
    from: "path.endsWith('.db') && path !== currentPath",
    to: '/\\.db(-wal)?$/.test(path) && !path.startsWith(currentPath)',
  },
  {
    file: '@livestore/sqlite-wasm/dist/make-sqlite-db.js',
    from: "sqlite3.serialize(dbPointer, 'main')",
    to: "sqlite3.serialize(dbPointer, 'main').fill(1, 18, 20)",
  },
  // After an update of the app, a new tab shows an empty page until every older tab is closed: it waits for a leader that its
  // shared worker does not have, or starts with the tables of the older release. `session/leader-version.ts` waits, and
  // reports it. Four lines.
  // https://github.com/livestorejs/livestore/blob/v0.4.0/packages/@livestore/adapter-web/src/web-worker/client-session/persisted-adapter.ts#L266
  {
    file: PERSISTED_ADAPTER,
    from: 'import { loadSqlite3 } from "./sqlite-loader.js";',
    to: `import { loadSqlite3 } from "./sqlite-loader.js"; import { openSharedWorker } from ${JSON.stringify(ours('./session/leader-version'))};`,
  },
  {
    file: PERSISTED_ADAPTER,
    from: 'const sharedWebWorker = tryAsFunctionAndNew(options.sharedWorker, { name: `livestore-shared-worker-${storeId}` });',
    to: 'const { sharedWebWorker, ...leaderVersion } = openSharedWorker(() => tryAsFunctionAndNew(options.sharedWorker, { name: `livestore-shared-worker-${storeId}` }), { storeId, schema });',
  },
  {
    file: PERSISTED_ADAPTER,
    from: "yield* SubscriptionRef.set(lockStatus, 'has-lock');",
    to: "yield* SubscriptionRef.set(lockStatus, 'has-lock'); leaderVersion.publish();",
  },
  {
    file: PERSISTED_ADAPTER,
    from: 'yield* runInWorker(new WorkerSchema.LeaderWorkerInnerGetRecreateSnapshot()).pipe(',
    to: 'yield* Effect.promise(leaderVersion.awaitLeader).pipe(Effect.andThen(runInWorker(new WorkerSchema.LeaderWorkerInnerGetRecreateSnapshot()))).pipe(',
  },
  // After an update of the app, no tab syncs any more: the older tab that has to lead next keeps the lock, and starts a worker
  // whose file is no longer on the server, again and again. The fix shuts its store down, so the next tab leads. An error of the
  // code in the worker has a message, a file that does not load has none.
  // https://github.com/livestorejs/livestore/blob/v0.4.0/packages/@livestore/adapter-web/src/web-worker/client-session/persisted-adapter.ts#L317
  {
    file: PERSISTED_ADAPTER,
    from: 'const worker = tryAsFunctionAndNew(options.worker, { name: `livestore-worker-${storeId}-${sessionId}` });',
    to: "const worker = tryAsFunctionAndNew(options.worker, { name: `livestore-worker-${storeId}-${sessionId}` }); worker.addEventListener('error', ({ message }) => message || Effect.runFork(shutdown(Exit.fail(new UnknownError({ cause: 'The file of the LiveStore worker does not load.' })))));",
  },
  // Queries show what a rebase rolled back: a rollback does not clear the cache of their results.
  // https://github.com/livestorejs/livestore/blob/v0.4.0/packages/@livestore/livestore/src/SqliteDbWrapper.ts#L131
  {
    file: '@livestore/livestore/dist/SqliteDbWrapper.js',
    from: 'const invertedChangeset = this.db.makeChangeset(changeset).invert();',
    to: 'this.resultCache = new QueryCache(); if (changeset.length === 0) return; const invertedChangeset = this.db.makeChangeset(changeset).invert();',
  },
]

/**
 * @param path of a module
 * @returns its text with the fixes, or undefined where there are none
 * @throws Error when LiveStore is another version
 */
export const applyFixes = (path: string, code: string): string | undefined => {
  const fixes = FIXES.filter(({ file }) => path.endsWith(file))
  if (fixes.length === 0) return undefined
  return fixes.reduce((text, { from, to }) => {
    if (!text.includes(from)) {
      throw new Error(
        `Rockpool's plugin is made for LiveStore 0.4.0, and "${from}" is not in ${path}: use exactly that version.`,
      )
    }
    // a function: the text may contain `$`
    return text.replace(from, () => to)
  }, code)
}
