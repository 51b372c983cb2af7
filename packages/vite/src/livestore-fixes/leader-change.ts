/**
 * The change of LiveStore's leader, when its tab is closed or reloaded: the new one gets the database and every request that
 * the old one left unanswered, and goes on where the other tabs are.
 */
import { type Fix, LEADER } from './fix.ts'

const SHARED_WORKER = '@livestore/adapter-web/dist/web-worker/shared-worker/make-shared-worker.js'

export const LEADER_CHANGE_FIXES: readonly Fix[] = [
  // The new leader does not retry to open the database that the old page still holds: a dead leader, commits pending for ever.
  {
    file: '@livestore/sqlite-wasm/dist/browser/opfs/AccessHandlePoolVFS.js',
    from: 'createSyncAccessHandle(fileHandle);',
    to: 'createSyncAccessHandle(fileHandle).pipe(Effect.retry(Schedule.exponentialBackoff10Sec));',
  },
  // A request in flight to a leader that has died is never answered, and the way to the new leader waits for that answer: no
  // leader any more, in any tab. It is sent again to the new leader.
  {
    file: SHARED_WORKER,
    from: 'Effect.andThen((worker) => worker.executeEffect(req)),',
    to: `Effect.andThen((worker) => Effect.raceFirst(
        Effect.map(worker.executeEffect(req), (answer) => ({ answer })),
        Effect.as(SubscriptionRef.waitUntil(leaderWorkerContextSubRef, (context) => context?.worker !== worker), {}),
    )), Effect.repeat({ until: (outcome) => 'answer' in outcome }), Effect.map(({ answer }) => answer),`,
  },
  // So a push can come a second time. What the log has already is not new.
  {
    file: LEADER,
    from: `    const push = (newEvents, options) => Effect.gen(function* () {
        if (newEvents.length === 0)
            return;`,
    to: `    const push = (pushedEvents, options) => Effect.gen(function* () {
        const isOld = (event) => !EventSequenceNumber.Client.isGreaterThan(event.seqNum, initialSyncState.localHead);
        const logged = pushedEvents.some(isOld)
            ? yield* LeaderThreadCtx.pipe(
                Effect.map((leader) => Eventlog.getEventsSince({ ...leader, since: pushedEvents[0].parentSeqNum }).filter(isOld)),
                Effect.provide(ctxRef.current.runtime))
            : [];
        const newEvents = pushedEvents.filter((event) => !logged.some((old) => LiveStoreEvent.Client.isEqualEncoded(old, event)));
        if (newEvents.length === 0)
            return;`,
  },
  {
    file: LEADER,
    from: `    }).pipe(Effect.withSpan('@livestore/common:LeaderSyncProcessor:push', {
        attributes: {
            batchSize: newEvents.length,
            batch: TRACE_VERBOSE === true ? newEvents : undefined,
        },`,
    to: `    }).pipe(Effect.withSpan('@livestore/common:LeaderSyncProcessor:push', {`,
  },
  // A tab numbers its events anew when others came first, and pushes them again. LiveStore compares them with the highest number
  // that was ever pushed, the refused ones too: two events refused as 1 and 2 come again as 2 and 3, are refused for ever, and
  // what the tab adds next goes into the log behind a gap that the sync backend never takes. They are compared with what the
  // log has and what is queued; what this tab queued before it numbered anew is dropped.
  {
    file: LEADER,
    from: `        yield* validatePushBatch(newEvents, pushHeadRef.current);`,
    to: `        let queued = yield* BucketQueue.peekAll(localPushesQueue);
        const [{ seqNum: first, sessionId }] = newEvents;
        const ofThisTab = queued.filter(([event]) => event.sessionId === sessionId);
        if (ofThisTab.some(([{ seqNum }]) => seqNum.rebaseGeneration !== first.rebaseGeneration || EventSequenceNumber.Client.isGreaterThanOrEqual(seqNum, first))) {
            queued = queued.filter((item) => !ofThisTab.includes(item));
            yield* BucketQueue.clear(localPushesQueue);
            yield* BucketQueue.offerAll(localPushesQueue, queued);
            for (const [event, deferred] of ofThisTab)
                if (deferred !== undefined)
                    yield* Deferred.fail(deferred, StaleRebaseGenerationError.make({
                        currentRebaseGeneration: first.rebaseGeneration,
                        providedRebaseGeneration: event.seqNum.rebaseGeneration,
                        sessionId,
                    }));
        }
        const { localHead } = yield* syncStateSref;
        yield* validatePushBatch(newEvents, EventSequenceNumber.Client.max(localHead, queued.at(-1)?.[0].seqNum ?? localHead));`,
  },
  // A tab whose events the old leader logged, and that it did not tell any more, is told by the new one: without that it
  // numbers its next events as if they had not been, or takes them back. What the backend has confirmed is in the log
  // unchanged; the rest may be rebased at any time, and is told as it was at the boot. (Not covered: a rebase that the old leader
  // wrote in the moment in which it died. Such a tab is wrong until it is reloaded.)
  {
    file: LEADER,
    from: `    const pullQueue = ({ cursor }) => Effect.fromNullable(ctxRef.current?.runtime).pipe(Effect.orDieDebugger, Effect.flatMap((runtime) => connectedClientSessionPullQueues.makeQueue(cursor).pipe(Effect.provide(runtime))));`,
    to: `    const pullQueue = ({ cursor }) => Effect.fromNullable(ctxRef.current?.runtime).pipe(Effect.orDieDebugger, Effect.flatMap((runtime) => Effect.gen(function* () {
        const { dbEventlog, dbState } = yield* LeaderThreadCtx;
        const missed = cursor.global < initialSyncState.upstreamHead.global
            ? Eventlog.getEventsSince({ dbEventlog, dbState, since: cursor }).filter(({ seqNum }) => !EventSequenceNumber.Client.isGreaterThan(seqNum, initialSyncState.upstreamHead))
            : [];
        return yield* connectedClientSessionPullQueues.makeQueue(cursor, missed);
    }).pipe(Effect.provide(runtime))));`,
  },
  {
    file: LEADER,
    from: `    const makeQueue = (cursor) => Effect.gen(function* () {`,
    to: `    const makeQueue = (cursor, missed) => Effect.gen(function* () {`,
  },
  {
    file: LEADER,
    from: `        yield* queue.offerAll(payloadsSinceCursor);`,
    to: `        if (missed.length > 0)
            yield* queue.offer({ payload: SyncState.PayloadUpstreamAdvance.make({ newEvents: missed }) });
        yield* queue.offerAll(payloadsSinceCursor);`,
  },
  {
    file: LEADER,
    from: `        // Rehydrate sync queue
        if (initialSyncState.pending.length > 0) {`,
    to: `        if (initialSyncState.pending.length > 0) {
            yield* connectedClientSessionPullQueues.offer({
                payload: SyncState.PayloadUpstreamAdvance.make({ newEvents: initialSyncState.pending }),
                leaderHead: initialSyncState.localHead,
            });`,
  },
]
