/** Real servers in a simulated world: signer, object store and sync server, reached over its network. */
import { sharedSecretTokens } from '@rockpool/access'
import { fetchSigner } from '@rockpool/core/signer'
import {
  BUCKETS,
  type Servers,
  simulatedHashing,
  STORE_ID,
  type Storage,
  USER,
  type World,
} from '@rockpool/core/simulation'
import { memoryStore } from '@rockpool/object-store/memory'
import { type RemoteKey, RockpoolError } from '@rockpool/protocol'
import { createSigner } from '@rockpool/signer'
import { createSyncServer } from '@rockpool/sync-server'
import { startCollector, TRASH } from './collector.ts'
import { fileUrlActions } from './file-urls.ts'
import { sqlLogsInMemory } from './sql-logs.ts'
import { makeSyncedLogs, SERVER, type WireEvent } from './synced-log.ts'
import { issueToken, makeTokens, TOKEN_SECRETS } from './tokens.ts'

const URL_SECRET = 'the secret that simulated URLs are signed with'
const RECEIPT_SECRET = 'the secret that simulated receipts are signed with'

const COLLECTOR = 'collector'

/** Give it to `simulate` as `servers`. */
export const servers = (world: World): Servers => {
  const { clock, newId } = world
  const { now } = clock
  const store = memoryStore({ publicBaseUrl: `${SERVER}/signer`, secret: URL_SECRET, now, newId })
  const logs = sqlLogsInMemory(newId(), now())
  const tokenOf = makeTokens(USER, STORE_ID, now)
  const faults: Storage['faults'] = { refuse: undefined }

  const begun: { readonly key: string; readonly uploadId: string }[] = []
  const startUpload: typeof store.multipart.start = async (key, options) => {
    const uploadId = await store.multipart.start(key, options)
    begun.push({ key, uploadId })
    return uploadId
  }

  const verify = sharedSecretTokens({ secrets: TOKEN_SECRETS, now })
  const authenticate = async (token: string) => {
    const claims = await verify(token)
    if (faults.refuse === 'unauthenticated') throw new RockpoolError('unauthenticated', 'This token was revoked.')
    return faults.refuse === 'forbidden' ? { ...claims, stores: {} } : claims
  }
  const onError = (error: unknown) => world.fail(`the sync server failed: ${String(error)}`)
  const sync = createSyncServer({
    logs,
    authenticate,
    buckets: BUCKETS,
    clock,
    onError,
    receiptSecrets: [RECEIPT_SECRET],
    partSize: simulatedHashing.partSize,
  })
  const signer = createSigner({
    store: { ...store, multipart: { ...store.multipart, start: startUpload } },
    authenticate,
    buckets: BUCKETS,
    now,
    urlSecret: URL_SECRET,
    receiptSecret: RECEIPT_SECRET,
    rateLimit: false,
    ...simulatedHashing,
    hooks: {
      onRequest: ({ status, error }) => {
        if (status >= 500) world.fail(`the signer failed: ${error ?? status}`)
      },
    },
  })

  const synced = makeSyncedLogs(world, tokenOf)
  const { backend } = synced

  /** As a service of the operator's: with a token of its own, past the network of devices. */
  const appendLost = async (keys: readonly RemoteKey[]): Promise<void> => {
    const parent = backend.confirmed.length
    const events = keys.map((remoteKey, index) => ({
      name: 'v2.ContentLost',
      args: { opId: newId(), remoteKey },
      seqNum: parent + 1 + index,
      parentSeqNum: parent + index,
      clientId: COLLECTOR,
      sessionId: newId(),
    }))
    const headers = { authorization: `Bearer ${issueToken(COLLECTOR, STORE_ID, now())}` }
    const body = JSON.stringify({ parent, mayRenumber: true, events })
    const response = await respond(new Request(`${SERVER}/sync/${STORE_ID}/events`, { method: 'POST', headers, body }))
    if (!response.ok) world.fail(`the sync server refused a loss: ${await response.text()}`)
  }

  const respond = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    if (url.pathname.startsWith('/signer/')) {
      if (faults.refuse === 'too_large' && request.method === 'POST') return TOO_LARGE()
      const path = url.href.slice(`${SERVER}/signer`.length)
      return signer.fetch(new Request(`${SERVER}${path}`, request))
    }
    const response = await sync.fetch(request)
    const log = await logs.open(STORE_ID)
    const { events } = await log.read(backend.confirmed.length, { limit: 1_000, maxBytes: 1_000_000 })
    if (events.length > 0) synced.appended(events.map(toWire))
    return response
  }

  const collector = startCollector({ world, store, logs, appendLost })

  return {
    backend,
    actions: fileUrlActions(world, tokenOf),
    check: collector.check,
    trashMs: TRASH,
    storage: {
      objects: store.objects,
      faults,
      discardUploads() {
        for (const { key, uploadId } of begun.splice(0)) void store.multipart.abort(key, uploadId)
      },
      // A handler waits for WebCrypto: it runs as one step, and its response is whole.
      fetch: (input, init) => world.scheduler.block(async () => whole(await respond(new Request(input, init)))),
      signer: (device, { fetch, platform }) =>
        fetchSigner({ url: `${SERVER}/signer`, token: async (options) => tokenOf(device, options), fetch, platform }),
    },
  }
}

const TOO_LARGE = () =>
  Response.json({ error: { code: 'too_large', message: 'The bucket takes smaller files only.' } }, { status: 413 })

const whole = async (response: Response): Promise<Response> => {
  const { status, headers } = response
  const body = response.body === null ? null : await response.arrayBuffer()
  return new Response(body, { status, headers })
}

const toWire = ({
  argsJson,
  seqNum,
  ...event
}: Omit<WireEvent, 'args' | 'parentSeqNum'> & { readonly argsJson: string | undefined }): WireEvent => ({
  ...event,
  seqNum,
  parentSeqNum: seqNum - 1,
  args: argsJson === undefined ? undefined : JSON.parse(argsJson),
})
