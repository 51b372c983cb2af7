import { expect, it } from 'vitest'
import { isAllowedDestination, isDocument, isReadSlowly } from './destinations.ts'

it.each(['', 'audio', 'document', 'font', 'frame', 'iframe', 'image', 'track', 'video'])('%j may use a file', (use) => {
  expect(isAllowedDestination(use)).toBe(true)
})

it.each([
  'audioworklet',
  'embed',
  'json',
  'manifest',
  'object',
  'paintworklet',
  'report',
  'script',
  'serviceworker',
  'sharedworker',
  'style',
  'webidentity',
  'worker',
  'xslt',
  'invented-tomorrow',
])('%s may not', (use) => {
  expect(isAllowedDestination(use)).toBe(false)
})

it.each([
  ['document', true],
  ['iframe', true],
  ['frame', true],
  ['image', false],
  ['', false],
])('%j becomes a document: %s', (use, document) => {
  expect(isDocument(use)).toBe(document)
})

it.each([
  ['video', true],
  ['audio', true],
  ['document', true],
  ['iframe', true],
  ['image', false],
  ['', false],
])('%j may be read for hours: %s', (use, slowly) => {
  expect(isReadSlowly(use)).toBe(slowly)
})
