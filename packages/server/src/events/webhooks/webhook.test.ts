import { expect, it } from 'vitest'
import { EVENT_TYPES } from '../storage-event.ts'
import { nameOf, wants, type Webhook } from './webhook.ts'

const hook = (more: Partial<Webhook> = {}): Webhook => ({
  ...{ url: 'https://app.example:8443/hook?token=secret', keys: [], events: new Set(EVENT_TYPES), buckets: undefined },
  ...more,
})

it.each([
  ['everything', {}, { kind: 'added', bucket: 'files' }, true],
  ['an event it asks for', { events: new Set(['storage.object.deleted']) }, { kind: 'deleted', bucket: 'files' }, true],
  ['another event', { events: new Set(['storage.object.deleted']) }, { kind: 'added', bucket: 'files' }, false],
  ['a bucket it asks for', { buckets: new Set(['files']) }, { kind: 'added', bucket: 'files' }, true],
  ['another bucket', { buckets: new Set(['files']) }, { kind: 'added', bucket: 'posters' }, false],
] as const)('%s', (_, more, event, expected) => expect(wants(hook(more as Partial<Webhook>), event)).toBe(expected))

it('is named by its host: the rest may be secret', () => expect(nameOf(hook())).toBe('app.example:8443'))
