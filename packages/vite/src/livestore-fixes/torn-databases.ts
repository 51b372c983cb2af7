/**
 * A page can end between any two writes to the disk. LiveStore keeps an event log and a state, two databases, and writes the
 * state first and in steps. A state that knows events which the log has lost makes the client number its next events after
 * them; the sync backend refuses these for ever, and the device never sends again. So: the log first, each database in one
 * transaction, nobody is told before both are written, and a state that is not level with the log is made anew from it.
 */
import { type Fix, LEADER } from './fix.ts'

const LEADER_BOOT = '@livestore/common/dist/leader-thread/make-leader-thread-layer.js'

export const TORN_DATABASE_FIXES: readonly Fix[] = [
  // One transaction for each database, which begins with what a pull changes beside the new events (`before`); the log's is
  // committed first; pushes are answered after both.
  {
    file: LEADER,
    from: `const materializeEventsBatch = ({ batchItems, deferreds }) => Effect.gen(function* () {`,
    to: `const materializeEventsBatch = ({ batchItems, deferreds, before = [] }) => Effect.gen(function* () {`,
  },
  {
    file: LEADER,
    from: `    for (let i = 0; i < batchItems.length; i++) {
        const { sessionChangeset, hash }`,
    to: `    for (const step of before)
        yield* step;
    for (let i = 0; i < batchItems.length; i++) {
        const { sessionChangeset, hash }`,
  },
  {
    file: LEADER,
    from: `        if (deferreds?.[i] !== undefined) {
            yield* Deferred.succeed(deferreds[i], void 0);
        }
    }
    db.execute('COMMIT', undefined); // Commit the transaction
    dbEventlog.execute('COMMIT', undefined); // Commit the transaction`,
    to: `    }
    dbEventlog.execute('COMMIT', undefined);
    db.execute('COMMIT', undefined);
    for (const deferred of deferreds ?? [])
        if (deferred !== undefined)
            yield* Deferred.succeed(deferred, void 0);`,
  },
  // One may be committed already, or rolled back by SQLite itself (a full disk): that must not leave the other one open.
  {
    file: LEADER,
    from: `        db.execute('ROLLBACK', undefined);
        dbEventlog.execute('ROLLBACK', undefined);`,
    to: `        for (const database of [db, dbEventlog])
            yield* Effect.try(() => database.execute('ROLLBACK', undefined)).pipe(Effect.ignoreLogged);`,
  },
  // The row of the head stays also when events come that change no state, such as those of a newer version of the app: it says
  // where a tab that opens, and the state itself, stand.
  {
    file: LEADER,
    from: 'WHERE seqNumGlobal < ${newHead.global}`);',
    to: 'WHERE seqNumGlobal < ${newHead.global} AND seqNumGlobal < (SELECT MAX(seqNumGlobal) FROM ${SystemTables.SESSION_CHANGESET_META_TABLE})`);',
  },
  // A push: written, then told to the tabs and queued for the backend.
  {
    file: LEADER,
    from: `            yield* SubscriptionRef.set(syncStateSref, mergeResult.newSyncState);
            yield* connectedClientSessionPullQueues.offer({
                payload: SyncState.PayloadUpstreamAdvance.make({ newEvents: mergeResult.newEvents }),`,
    to: `            yield* materializeEventsBatch({ batchItems: mergeResult.newEvents, deferreds });
            yield* SubscriptionRef.set(syncStateSref, mergeResult.newSyncState);
            yield* connectedClientSessionPullQueues.offer({
                payload: SyncState.PayloadUpstreamAdvance.make({ newEvents: mergeResult.newEvents }),`,
  },
  {
    file: LEADER,
    from: `            yield* BucketQueue.offerAll(syncBackendPushQueue, filteredBatch);
            yield* materializeEventsBatch({ batchItems: mergeResult.newEvents, deferreds });
        }).pipe(localPushBackendPullMutex.withPermits(1));`,
    to: `            yield* BucketQueue.offerAll(syncBackendPushQueue, filteredBatch);
        }).pipe(Effect.uninterruptible, Effect.withMaxOpsBeforeYield(Number.MAX_SAFE_INTEGER), localPushBackendPullMutex.withPermits(1));`,
  },
  // A pull: the backend's head, a rollback and the metadata belong into the transaction (`before`), the tabs and the pushes
  // that start again come after it (`after`). It is not interrupted in between, as a lost connection could.
  {
    file: LEADER,
    from: `            Eventlog.updateBackendHead(dbEventlog, newBackendHead);`,
    to: `            const before = [Effect.sync(() => Eventlog.updateBackendHead(dbEventlog, newBackendHead))];
            const after = [];`,
  },
  {
    file: LEADER,
    from: `                yield* restartBackendPushing(globalRebasedPendingEvents);
                if (mergeResult.rollbackEvents.length > 0) {
                    yield* rollback({
                        dbState: db,
                        dbEventlog,
                        eventNumsToRollback: mergeResult.rollbackEvents.map((_) => _.seqNum),
                    });
                }
                yield* connectedClientSessionPullQueues.offer({
                    payload: SyncState.payloadFromMergeResult(mergeResult),
                    leaderHead: mergeResult.newSyncState.localHead,
                });`,
    to: `                after.push(restartBackendPushing(globalRebasedPendingEvents));
                if (mergeResult.rollbackEvents.length > 0) {
                    before.push(rollback({
                        dbState: db,
                        dbEventlog,
                        eventNumsToRollback: mergeResult.rollbackEvents.map((_) => _.seqNum),
                    }));
                }`,
  },
  {
    file: LEADER,
    from: `                yield* restartBackendPushing(globalPendingEvents);
                yield* connectedClientSessionPullQueues.offer({
                    payload: SyncState.payloadFromMergeResult(mergeResult),
                    leaderHead: mergeResult.newSyncState.localHead,
                });`,
    to: `                after.push(restartBackendPushing(globalPendingEvents));`,
  },
  {
    file: LEADER,
    from: `                    yield* Eventlog.updateSyncMetadata(confirmedNewEvents).pipe(Effect.orDieDebugger);`,
    to: `                    before.push(Eventlog.updateSyncMetadata(confirmedNewEvents).pipe(Effect.orDieDebugger));`,
  },
  {
    file: LEADER,
    from: `            trimChangesetRows(db, newBackendHead);
            advancePushHead(mergeResult.newSyncState.localHead);
            yield* materializeEventsBatch({ batchItems: mergeResult.newEvents, deferreds: undefined });
            yield* SubscriptionRef.set(syncStateSref, mergeResult.newSyncState);
        }).pipe(Effect.exit);`,
    to: `            before.push(Effect.sync(() => trimChangesetRows(db, newBackendHead)));
            yield* Effect.gen(function* () {
                yield* materializeEventsBatch({ batchItems: mergeResult.newEvents, deferreds: undefined, before });
                advancePushHead(mergeResult.newSyncState.localHead);
                yield* SubscriptionRef.set(syncStateSref, mergeResult.newSyncState);
                yield* connectedClientSessionPullQueues.offer({
                    payload: SyncState.payloadFromMergeResult(mergeResult),
                    leaderHead: mergeResult.newSyncState.localHead,
                });
            }).pipe(Effect.withMaxOpsBeforeYield(Number.MAX_SAFE_INTEGER));
            for (const step of after)
                yield* step;
        }).pipe(Effect.uninterruptible, Effect.exit);`,
  },
  {
    file: LEADER,
    from: `Effect.catchTag('BackendIdMismatchError', handleBackendIdMismatchError), Effect.catchAllCause(maybeShutdownOnError));
        yield* FiberHandle.run(`,
    to: `Effect.catchTag('BackendIdMismatchError', handleBackendIdMismatchError), Effect.catchAllCause(maybeShutdownOnError), Effect.interruptible);
        yield* FiberHandle.run(`,
  },
  // The heads of both are compared at the boot (the log may hold events that this version of the app does not know: they
  // change no state). The state is made in one transaction.
  {
    file: LEADER_BOOT,
    from: `    const dbStateMissing = !hasStateTables(dbState);
    yield* Eventlog.initEventlogDb(dbEventlog);`,
    to: `    yield* Eventlog.initEventlogDb(dbEventlog);
    const { strategy } = schema.state.sqlite.migrations;
    const headOf = (db, table) => JSON.stringify(db.select(
        'SELECT seqNumGlobal, seqNumClient, seqNumRebaseGeneration FROM ' + table + ' ORDER BY seqNumGlobal DESC, seqNumClient DESC LIMIT 1'));
    const materialized = [...schema.state.materializers.keys()].filter((name) => schema.eventsDefsMap.has(name));
    const materializedNames = materialized.map((name) => "'" + name.replaceAll("'", "''") + "'").join(', ');
    const dbStateMissing = !hasStateTables(dbState) || (strategy === 'auto' && dbState.metadata._tag === 'opfs' &&
        headOf(dbState, SystemTables.SESSION_CHANGESET_META_TABLE) !==
            headOf(dbEventlog, SystemTables.EVENTLOG_META_TABLE + ' WHERE name IN (' + materializedNames + ')'));`,
  },
  {
    file: LEADER_BOOT,
    from: `        ? yield* recreateDb({ dbState, dbEventlog, schema, bootStatusQueue, materializeEvent })`,
    to: `        ? yield* Effect.gen(function* () {
            if (strategy !== 'auto')
                return yield* recreateDb({ dbState, dbEventlog, schema, bootStatusQueue, materializeEvent });
            dbState.execute('BEGIN TRANSACTION', undefined);
            for (const { name } of dbState.select("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"))
                dbState.execute('DROP TABLE IF EXISTS "' + name + '"', undefined);
            const recreated = yield* recreateDb({ dbState, dbEventlog, schema, bootStatusQueue, materializeEvent });
            dbState.execute('COMMIT', undefined);
            return recreated;
        })`,
  },
  // The files that the databases live in are made ahead, 21 of them. A first page that ended meanwhile left too few: "unable to
  // open database file" for ever.
  {
    file: '@livestore/sqlite-wasm/dist/browser/opfs/AccessHandlePoolVFS.js',
    from: `                if (this.getCapacity() === 0) {
                    yield* this.addCapacity(DEFAULT_CAPACITY);`,
    to: `                if (this.getCapacity() < DEFAULT_CAPACITY) {
                    yield* this.addCapacity(DEFAULT_CAPACITY - this.getCapacity());`,
  },
  // A page reads the file of the state by itself, for a quicker start, maybe in the middle of a transaction.
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
]
