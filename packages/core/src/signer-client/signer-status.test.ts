import { RockpoolError } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import type { SyncReasonCode } from '../sync/sync-status.ts'
import { type CallOutcome, type SignerFacts, signerStatusAfter } from './signer-status.ts'

const url = 'https://signer.example.com'
const error = (code: 'unauthenticated' | 'forbidden' | 'offline' | 'storage_unavailable' = 'offline') =>
  new RockpoolError(code, `About ${code}.`)

interface Case {
  readonly name: string
  readonly outcome: CallOutcome
  readonly facts?: Partial<SignerFacts>
  readonly code: SyncReasonCode
  readonly says?: string
}

const foreign = (status: number): CallOutcome => ({
  type: 'foreign_response',
  status,
  error: error('storage_unavailable'),
})

const cases: readonly Case[] = [
  { name: 'a response', outcome: { type: 'responded' }, code: 'connected' },
  {
    name: 'a refused token',
    outcome: { type: 'token_refused', error: error('unauthenticated') },
    code: 'unauthenticated',
    says: 'About unauthenticated.',
  },
  { name: 'a page of HTML', outcome: foreign(200), code: 'wrong_server', says: 'About storage_unavailable.' },
  { name: 'a 404 of another server', outcome: foreign(404), code: 'wrong_server' },
  { name: 'a 502 of a proxy', outcome: foreign(502), code: 'no_answer', says: '502' },
  { name: 'a 429 of a proxy', outcome: foreign(429), code: 'no_answer' },
  { name: 'a token function that fails', outcome: { type: 'no_token', error: error() }, code: 'token_failed' },
  {
    name: 'a token function that fails without a network',
    outcome: { type: 'no_token', error: error() },
    facts: { hasNetwork: false },
    code: 'no_network',
  },
  {
    name: 'a token function that returns no JWT',
    outcome: { type: 'no_token', error: error('unauthenticated') },
    code: 'unauthenticated',
  },
  {
    name: 'a token without the right to the store',
    outcome: { type: 'no_token', error: error('forbidden') },
    facts: { hasNetwork: false },
    code: 'forbidden',
  },
  { name: 'a call without a response', outcome: { type: 'timed_out' }, code: 'no_answer', says: url },
  {
    name: 'a call without a response or network',
    outcome: { type: 'timed_out' },
    facts: { hasNetwork: false },
    code: 'no_network',
  },
  {
    name: 'a first request that fails',
    outcome: { type: 'unreachable' },
    code: 'cors',
    says: `The signer at ${url} cannot be reached although this device is online. It may be down, or it may not allow this page's origin (CORS).`,
  },
  {
    name: 'a request that fails without a network',
    outcome: { type: 'unreachable' },
    facts: { hasNetwork: false },
    code: 'no_network',
  },
  {
    name: 'a request that fails after others succeeded',
    outcome: { type: 'unreachable' },
    facts: { hasResponded: true },
    code: 'no_answer',
  },
  {
    name: 'a request that fails on the page’s own origin',
    outcome: { type: 'unreachable' },
    facts: { corsApplies: false },
    code: 'no_answer',
    says: 'although this device is online',
  },
]

test.each(cases)('$name: $code', ({ outcome, facts, code, says = '' }) => {
  const status = signerStatusAfter(outcome, { url, hasNetwork: true, hasResponded: false, corsApplies: true, ...facts })
  expect(status.reason.code).toBe(code)
  expect(status.reason.message).toContain(says)
})
