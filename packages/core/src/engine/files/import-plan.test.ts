import { expect, test } from 'vitest'
import { type ImportStep, type LegacyFacts, planImport } from './import-plan.ts'

const CASES: readonly (readonly [string, Partial<LegacyFacts>, readonly ImportStep[]])[] = [
  ['stored content of one part', {}, ['store']],
  ['content of one part that is a former version', { isCurrent: false }, ['store']],
  ['content of one part that no old client uploaded', { isStored: false }, ['store', 'replace']],
  ['a former version that no old client uploaded', { isCurrent: false, isStored: false }, ['store']],
  ['larger content', { isOnePart: false }, ['replace']],
  ['larger content that no old client uploaded', { isOnePart: false, isStored: false }, ['replace']],
  ['larger content that another device has replaced', { isOnePart: false, isCurrent: false }, ['match']],
]

test.each(CASES)('plans the import of %s', (_, facts, steps) => {
  expect(planImport({ isCurrent: true, isOnePart: true, isStored: true, ...facts })).toEqual(steps)
})
