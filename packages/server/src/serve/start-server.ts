/** The server: signer, sync server, REST API and garbage collector in this process, on one port. */
import { join } from 'node:path'
import { type Authenticate, receiptSigner, tokensOf } from '@rockpool/access'
import { type CheckQuota, configuredSigner, createRateLimit, describeError, hasContent } from '@rockpool/signer'
import { type FileLedger, quotaMessage, systemClock } from '@rockpool/sync-server'
import { createSyncListener } from '@rockpool/sync-server/node'
import type { ServerConfig } from '../config/server-config.ts'
import { listenControl } from '../control/listen-control.ts'
import { controlSocket } from '../control/socket-path.ts'
import { createAppends } from '../events/appends.ts'
import { createEventStreams } from '../events/event-streams.ts'
import { startWebhooks } from '../events/webhooks/start-webhooks.ts'
import type { CollectReport } from '../gc/collect.ts'
import { readModelLiveSets } from '../gc/read-model-live-sets.ts'
import { startHoldKeeper } from '../hold/hold-keeper.ts'
import { hookChecks } from '../hold/hook-checks.ts'
import { heldUrls } from '../rest/read-object.ts'
import { createRestHandler } from '../rest/rest-handler.ts'
import { openSpool } from '../rest/store-body.ts'
import { openState } from '../state/open-state.ts'
import { lastRestore, withCursorIds } from '../state/restores.ts'
import { sharedState } from '../state/shared-state.ts'
import { TASKS } from '../tasks/tasks.ts'
import { closeAll } from './close-all.ts'
import { gcFields } from './collector.ts'
import { listen } from './http-server.ts'
import type { Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { openParts } from './parts.ts'
import { createReadiness } from './readiness.ts'
import { currentRequest, outsideRequests } from './request-scope.ts'
import { SIGNER_PATH, SYNC_PATH } from './route.ts'
import { startSharedCollector } from './shared-collector.ts'
import { signerHooks } from './signer-hooks.ts'
import { signerListener } from './signer-listener.ts'
import { staticFiles } from './static-files.ts'
import { tracedStore } from './traced-store.ts'
import type { Tracer } from './tracing.ts'

export interface RunningServer {
  /** where it listens */
  readonly url: string
  /** Waits for the calls under way, and closes everything. What was acknowledged is on disk before, too. */
  stop(): Promise<void>
}

export interface ServeOptions {
  readonly config: ServerConfig
  readonly log: Log
  /** folder of a built web app */
  readonly staticFolder?: string | undefined
  /** stays open at the end; no traces unless set */
  readonly tracer?: Tracer | undefined
}

/**
 * Starts the server. It responds 503 until everything is open.
 *
 * @throws Error whose message is one line that says what is wrong
 */
export const startServer = async ({ config, log, staticFolder, tracer }: ServeOptions): Promise<RunningServer> => {
  const { host, publicUrl, trustedProxies, receiptSecrets } = config
  const app = staticFolder === undefined ? undefined : await staticFiles(staticFolder)
  const http = await listen(host, config.port, { allowedOrigins: config.signer.origins })
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${http.port}`
  const closing: (() => Promise<void>)[] = [http.close]
  try {
    const signerUrl = `${publicUrl ?? url}${SIGNER_PATH}`
    const parts = await openParts(config, signerUrl, {
      onFailure: ({ key, error, retryAt }) =>
        outsideRequests(() =>
          log.warn('replication', { key, error: describeError(error), retryAt: new Date(retryAt).toISOString() }),
        ),
      onQuarantine: (files) => log.error('quarantine', { files }),
    })
    closing.push(parts.close)
    const { logs, keyLocks, opened } = parts
    const store = tracer ? tracedStore(parts.store) : parts.store
    const metrics = createMetrics(parts.store)
    const state = openState(config.dataDir)
    closing.push(async () => state.close())
    const readableLogs = withCursorIds(logs, lastRestore(state.database))
    const { holds, storeBuckets, hookCursors, fileLedger } = sharedState(config, logs, state.database)
    const hasFileQuota = Object.keys(config.fileQuota).length > 0
    const appends = createAppends()
    const signer = configuredSigner(
      { ...config.signer, publicBaseUrl: signerUrl },
      {
        ...opened,
        store,
        buckets: storeBuckets.bucketsOf,
        holdOf: holds.stateOf,
        ...(hasFileQuota && { checkQuota: quotaOf(fileLedger) }),
      },
      signerHooks(log),
    )
    const { rateLimit: perSecond } = config.signer
    const limit = perSecond > 0 ? createRateLimit({ perSecond, burst: 10 * perSecond }) : undefined
    const authenticate = notingUser(tokensOf(config.signer.tokens))
    const sync = createSyncListener({
      logs,
      authenticate,
      buckets: storeBuckets.bucketsOf,
      receiptSecrets,
      ...(limit && { rateLimit: (sub: string) => limit(sub) }),
      allowedOrigins: config.signer.origins,
      basePath: SYNC_PATH,
      claims: { head: (remoteKey, signal) => hasContent(store, remoteKey, signal) },
      ...(hasFileQuota && { fileLedger }),
      quota: config.logQuota,
      // Webhooks and holds go on for longer than the request that appends.
      onAppend: (storeId) => outsideRequests(() => appends.report(storeId)),
      onDelivery: metrics.delivered,
      onError: (error) => log.error('sync', { error: describeError(error) }),
    })
    closing.push(sync.close)
    const [receiptSecret] = receiptSecrets
    const onRestError = (error: unknown) => log.error('rest', { error: describeError(error) })
    const eventStreams = createEventStreams({ appends, clock: systemClock, onError: onRestError })
    const keeper = await startHoldKeeper({
      ...{ buckets: config.signer.buckets, holds, logs: readableLogs, appends, clock: systemClock },
      deleteFiles: sync.deleteFiles,
      onError: (error) => log.error('hold', { error: describeError(error) }),
    })
    closing.push(keeper.stop)
    const shareSecrets =
      receiptSecrets.length > 0 ? receiptSecrets : opened.urlSecret === undefined ? [] : [opened.urlSecret]
    const rest = createRestHandler({
      logs: readableLogs,
      store,
      spool: await openSpool(join(config.dataDir, 'spool'), store),
      keyLocks,
      sync: sync.fetch,
      eventStreams,
      authenticate,
      storeBuckets,
      fileLedger,
      signReceipt: receiptSecret === undefined ? undefined : receiptSigner(receiptSecret),
      holds,
      decideHold: keeper.decide,
      serviceRole: config.signer.serviceRole,
      shareSecrets,
      maxShareSeconds: config.signer.longestShare,
      publicUrl: publicUrl ?? url,
      ...(limit && { rateLimit: (caller: string) => limit(caller) }),
      allowedOrigins: config.signer.origins,
      onError: onRestError,
      now: () => Date.now(),
    })
    const holding = Object.keys(config.signer.buckets).filter((name) => config.signer.buckets[name]!.hold !== undefined)
    const webhooks = await startWebhooks({
      ...{ webhooks: config.webhooks, database: logs.database, log, report: metrics.webhook },
      ...{ logs: readableLogs, appends, cursors: hookCursors },
      checks: hookChecks({
        ...{ buckets: holding, holds, decideHeld: keeper.decideHeld, logs: readableLogs },
        signHeld: heldUrls(shareSecrets, publicUrl ?? url, () => Date.now()),
      }),
    })
    closing.push(webhooks.stop)
    const liveSets = readModelLiveSets({ logs, reportLost: sync.reportLost })
    const report = (storeId: string, outcome: CollectReport | Error) => {
      metrics.collected(outcome)
      log[outcome instanceof Error ? 'error' : 'info']('gc', gcFields(storeId, outcome))
    }
    const collector = startSharedCollector({
      ...{ database: logs.database, clock: systemClock },
      ...{ store, liveSets, keyLocks, report },
      onError: (error) => log.error('gc', { error: describeError(error) }),
    })
    closing.push(collector.stop)
    const path = controlSocket(config.dataDir)
    if (path === undefined)
      log.warn('control', {
        error: 'The path of the data folder is too long for a socket: commands need this server stopped.',
      })
    else {
      const input = { config, parts, reportLost: sync.reportLost, redact: sync.redact }
      closing.push((await listenControl({ path, tasks: TASKS, input })).close)
    }

    const restListener = signerListener(rest, trustedProxies)
    http.start({
      signer: signerListener(signer, trustedProxies),
      sync: sync.requestListener,
      rest: (incoming, outgoing) => restListener(incoming, outgoing, incoming.url!),
      upgrade: sync.handleUpgrade,
      static: app,
      ready: createReadiness(signer, logs),
      metrics,
      // Without a rate limit, one client may be all there is.
      isFair: perSecond > 0,
      log,
      tracer,
    })
    return {
      url,
      stop: async () => {
        eventStreams.close()
        await http.drain()
        await closeAll(closing)
      },
    }
  } catch (error) {
    await closeAll(closing).catch((failed: unknown) => log.error('close', { error: describeError(failed) }))
    throw error
  }
}

const quotaOf =
  (ledger: FileLedger): CheckQuota =>
  async (upload) => {
    const usage = await ledger.checkUpload(upload)
    return usage && { usage, message: quotaMessage(usage) }
  }

/** For the line of the request in the log. */
const notingUser =
  (authenticate: Authenticate): Authenticate =>
  async (token) => {
    const claims = await authenticate(token)
    const request = currentRequest()
    if (request) request.found.sub = claims.sub
    return claims
  }
