import { describe, expect, it } from 'vitest'
import { type SyncFacts, statusOf } from './status.ts'

const FINE: SyncFacts = {
  url: 'https://sync.example.com',
  hasNetwork: true,
  hasResponded: true,
  contact: { type: 'responded' },
  log: undefined,
  refusal: undefined,
  isStuck: false,
}
const failed = (failures: number) => ({ type: 'failed' as const, message: 'No response.', failures })

describe('statusOf', () => {
  it.each<[string, Partial<SyncFacts>, string, string]>([
    ['the server answers', {}, 'online', 'connected'],
    ['nothing is known yet', { contact: { type: 'none' }, hasResponded: false }, 'online', 'connecting'],
    ['a first failure is not reported', { contact: failed(2), hasResponded: false }, 'online', 'connecting'],
    ['a server that never answered', { contact: failed(3), hasResponded: false }, 'stuck', 'cors'],
    ['a server that answered once', { contact: failed(1) }, 'offline', 'no_answer'],
    ['no network', { contact: failed(9), hasNetwork: false, hasResponded: false }, 'offline', 'no_network'],
    ['a token function that fails', { contact: { type: 'token_failed', message: 'x' } }, 'stuck', 'token_failed'],
    [
      'a token function that fails without a network',
      { contact: { type: 'token_failed', message: 'x' }, hasNetwork: false },
      'offline',
      'no_network',
    ],
    ['a rejected token', { contact: { type: 'unauthenticated', message: 'x' } }, 'refused', 'unauthenticated'],
    ['no right to the store', { contact: { type: 'forbidden', message: 'x' } }, 'refused', 'forbidden'],
    ['a rejected push', { refusal: { code: 'push_refused', message: 'x' } }, 'refused', 'push_refused'],
    ['no right to write', { refusal: { code: 'forbidden', message: 'x' } }, 'refused', 'forbidden'],
    [
      'an outage after a rejected push',
      { refusal: { code: 'push_refused', message: 'x' }, contact: failed(1) },
      'offline',
      'no_answer',
    ],
    [
      'a development server that did not start',
      { contact: { type: 'failed_to_start', message: 'x' }, hasResponded: false },
      'stuck',
      'server_failed_to_start',
    ],
    ['another log', { log: 'foreign_backend', contact: failed(1) }, 'stuck', 'foreign_backend'],
    ['another history', { log: 'forked' }, 'stuck', 'forked'],
    ['a server restored from an older backup', { log: 'server_behind' }, 'stuck', 'server_behind'],
    ['nothing moves', { isStuck: true }, 'stuck', 'not_converging'],
    [
      'a rejected push that explains it',
      { isStuck: true, refusal: { code: 'push_refused', message: 'x' } },
      'refused',
      'push_refused',
    ],
  ])('%s', (_, facts, state, code) => {
    const status = statusOf({ ...FINE, ...facts })
    expect([status.state, status.reason.code]).toEqual([state, code])
  })

  it('names the url and what may be wrong when the server never answered', () => {
    const { message } = statusOf({ ...FINE, contact: failed(3), hasResponded: false }).reason
    expect(message).toContain('https://sync.example.com')
    expect(message).toContain('may be down')
    expect(message).toContain('CORS')
  })

  it('passes the server’s words on', () => {
    expect(statusOf({ ...FINE, refusal: { code: 'push_refused', message: 'You may not.' } }).reason.message).toBe(
      'You may not.',
    )
  })
})
