import { expect, test } from 'vitest'
import { syncStatusOf } from './combine.ts'
import { CONNECTED, SYNC_REASONS, type SyncReasonCode, syncStatus } from './sync-status.ts'

interface Case {
  readonly name: string
  readonly hasNetwork?: boolean
  readonly log?: SyncReasonCode
  readonly isRefused?: true
  readonly signer?: SyncReasonCode
  readonly isStorageSuspect?: true
  readonly transfersWait?: boolean
  readonly code: SyncReasonCode
}

const cases: readonly Case[] = [
  { name: 'both are connected', code: 'connected' },
  { name: 'the log connects', log: 'connecting', code: 'connecting' },
  { name: 'the signer was never asked', signer: 'connecting', code: 'connected' },
  { name: 'no network', hasNetwork: false, code: 'no_network' },
  { name: 'the sync server is away', log: 'no_answer', code: 'no_answer' },
  { name: 'the signer is away and transfers wait', signer: 'no_answer', transfersWait: true, code: 'no_answer' },
  { name: 'the signer was away and nothing waits for it', signer: 'no_answer', code: 'connected' },
  { name: 'the signer has no network, the log does, nothing waits', signer: 'no_network', code: 'connected' },
  { name: 'CORS, nothing waits', signer: 'cors', code: 'cors' },
  { name: 'the log is worse', log: 'forked', signer: 'unauthenticated', code: 'forked' },
  { name: 'the signer is worse', log: 'no_answer', signer: 'token_failed', code: 'token_failed' },
  { name: 'stuck is worse than refused', log: 'push_refused', signer: 'cors', code: 'cors' },
  { name: 'refused is worse than offline', log: 'no_answer', signer: 'unauthenticated', code: 'unauthenticated' },
  { name: 'of two equals, the log’s', log: 'token_failed', signer: 'cors', code: 'token_failed' },
  { name: 'a refused change', isRefused: true, code: 'push_refused' },
  { name: 'a refused change is worse than offline', log: 'no_answer', isRefused: true, code: 'push_refused' },
  { name: 'the log is refused, too', log: 'unauthenticated', isRefused: true, code: 'unauthenticated' },
  { name: 'the signer refuses, too', isRefused: true, signer: 'forbidden', code: 'push_refused' },
  { name: 'stuck is worse than a refused change', log: 'forked', isRefused: true, code: 'forked' },
  { name: 'no network does not explain a refused change', hasNetwork: false, isRefused: true, code: 'push_refused' },
  { name: 'much is missing in object storage', isStorageSuspect: true, code: 'storage_suspect' },
  {
    name: 'missing content is worse than refused',
    isStorageSuspect: true,
    log: 'unauthenticated',
    code: 'storage_suspect',
  },
  { name: 'missing content, and a fork', isStorageSuspect: true, log: 'forked', code: 'forked' },
  {
    name: 'no network does not explain what is missing',
    hasNetwork: false,
    isStorageSuspect: true,
    code: 'storage_suspect',
  },
  { name: 'no network explains CORS', hasNetwork: false, signer: 'cors', code: 'no_network' },
  { name: 'no network explains a failed token', hasNetwork: false, log: 'token_failed', code: 'no_network' },
  { name: 'no network explains no answer', hasNetwork: false, log: 'no_answer', code: 'no_network' },
  { name: 'no network explains missing events', hasNetwork: false, log: 'not_converging', code: 'no_network' },
  { name: 'no network does not explain a refusal', hasNetwork: false, log: 'push_refused', code: 'push_refused' },
  { name: 'no network does not explain a fork', hasNetwork: false, log: 'forked', code: 'forked' },
  {
    name: 'no network does not explain a missing plugin',
    hasNetwork: false,
    log: 'plugin_missing',
    code: 'plugin_missing',
  },
]

test.each(cases)('$name: $code', ({ hasNetwork = true, log, isRefused, signer, code, ...more }) => {
  const { transfersWait = false, isStorageSuspect = false } = more
  const status = (given: SyncReasonCode | undefined) => (given ? syncStatus(given, `About ${given}.`) : CONNECTED)
  const refused = isRefused && syncStatus('push_refused', 'About push_refused.')
  const combined = syncStatusOf({
    hasNetwork,
    log: status(log),
    refused,
    signer: status(signer),
    isStorageSuspect,
    transfersWait,
  })
  expect(combined.reason.code).toBe(code)
  expect(combined.state).toBe(SYNC_REASONS[code])
  const given = [log, signer].includes(code)
  if (given && code !== 'no_network') expect(combined.reason.message).toBe(`About ${code}.`)
})
