import { expect, test } from 'vitest'
import { memoryPage } from '../../memory/index.ts'
import { makeReturnDetector } from './return-detector.ts'

type PageState = Parameters<ReturnType<typeof memoryPage>['set']>[0]

test.each<[string, PageState, PageState, boolean]>([
  ['the network comes back', { isOnline: false }, { isOnline: true }, true],
  ['the network comes back to a hidden page', { isOnline: false, isVisible: false }, { isOnline: true }, true],
  ['the browser says online again', {}, { isOnline: true }, true],
  ['a person comes back', { isVisible: false }, { isVisible: true }, true],
  [
    'a person comes back, and the browser knows no network',
    { isVisible: false, isOnline: false },
    { isVisible: true },
    true,
  ],
  ['the page goes on', { isFrozen: true }, { isFrozen: false }, true],
  ['a person leaves', {}, { isVisible: false }, false],
  ['the network goes', {}, { isOnline: false }, false],
  ['the page is frozen', {}, { isFrozen: true }, false],
])('%s', (_, before, after, isBack) => {
  const page = memoryPage()
  page.set(before)
  const hasReturned = makeReturnDetector(page)
  page.set(after)
  expect(hasReturned()).toBe(isBack)
})
