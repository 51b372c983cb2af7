/**
 * The change of LiveStore's leader, when its tab is closed or reloaded: the new one gets the database and every request that
 * the old one left unanswered, and goes on where the other tabs are.
 */
import type { Fix } from './fix.ts'

const SHARED_WORKER = '@livestore/adapter-web/dist/web-worker/shared-worker/make-shared-worker.js'
const LEADER = '@livestore/common/dist/leader-thread/LeaderSyncProcessor.js'

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
        const { dbEventlog, dbState } = yield* LeaderThreadCtx;
        const isOld = (event) => !EventSequenceNumber.Client.isGreaterThan(event.seqNum, initialSyncState.localHead);
        const logged = pushedEvents.some(isOld)
            ? Eventlog.getEventsSince({ dbEventlog, dbState, since: pushedEvents[0].parentSeqNum }).filter(isOld)
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
  // A tab whose events the old leader logged, and that it did not tell any more, is told by the new one: without that it
  // numbers its next events as if they had not been, or takes them back. What the backend has confirmed is in the log
  // unchanged; the rest may be rebased at any time, and is told as it was at the boot.
  {
    file: LEADER,
    from: `    const pullQueue = ({ cursor }) => Effect.fromNullable(ctxRef.current?.runtime).pipe(Effect.orDieDebugger, Effect.flatMap((runtime) => connectedClientSessionPullQueues.makeQueue(cursor).pipe(Effect.provide(runtime))));`,
    to: `    const pullQueue = ({ cursor }) => Effect.fromNullable(ctxRef.current?.runtime).pipe(Effect.orDieDebugger, Effect.flatMap((runtime) => Effect.gen(function* () {
        const { dbEventlog, dbState } = yield* LeaderThreadCtx;
        const missed = cursor.global < initialSyncState.upstreamHead.global
            ? Eventlog.getEventsSince({ dbEventlog, dbState, since: cursor }).filter(({ seqNum }) => seqNum.global <= initialSyncState.upstreamHead.global)
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
