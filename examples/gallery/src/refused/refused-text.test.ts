import type { RefusedChange } from 'rockpool'
import { expect, it } from 'vitest'
import { describeChange, groupByMessage, hasBytes, nameToEdit } from './refused-text.ts'

const change = (name: string, args: object = {}, rest: Partial<RefusedChange> = {}) =>
  ({ id: name, event: { name, args }, code: 'quota_exceeded', message: 'Full.', at: 1, ...rest }) as RefusedChange

it.each([
  ['v2.FileAdded', 'Not added', true],
  ['v2.FileContentReplaced', 'Not replaced', true],
  ['v2.FileRenamed', 'Not renamed to “fdp.exe”', false],
  ['v2.FileMetaSet', 'Details not changed', false],
  ['v2.FileDeleted', 'Not removed', false],
  ['v2.FileRestored', 'Not restored', false],
  ['v2.ContentStored', 'Upload not recorded', false],
  ['v2.ContentLost', 'Upload not recorded', false],
])('%s: %s', (name, text, bytes) => {
  const refused = change(name, { name: '\u202Efdp.exe' })
  expect(describeChange(refused)).toBe(text)
  expect(hasBytes(refused)).toBe(bytes)
})

it('offers another name only when the name is the cause', () => {
  expect(nameToEdit(change('v2.FileAdded', { name: 'a/b' }, { code: 'bad_name' }))).toBe('a/b')
  expect(nameToEdit(change('v2.FileAdded', { name: 'a/b' }))).toBeUndefined()
  expect(nameToEdit(change('v2.FileDeleted', {}, { code: 'bad_name' }))).toBeUndefined()
})

it('groups changes by their sentence', () => {
  const changes = ['Full.', 'Bad name.', 'Full.'].map((message, i) => change(`${i}`, {}, { message }))
  expect(groupByMessage(changes)).toEqual([
    { message: 'Full.', changes: [changes[0], changes[2]] },
    { message: 'Bad name.', changes: [changes[1]] },
  ])
  expect(groupByMessage([])).toEqual([])
})
