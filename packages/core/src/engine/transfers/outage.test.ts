import { expect, test } from 'vitest'
import { makeOutage } from './outage.ts'

const RANDOM = 0.5
/** An outage that began at 0 with these failures of single attempts, each when its time came. */
const away = (failures = 1) => {
  const outage = makeOutage()
  let now = 0
  outage.started('first', now)
  outage.ended('first', 'offline', now, RANDOM)
  for (let i = 1; i < failures; i++) {
    now += outage.waitLeft(now)
    outage.started(`${i}`, now)
    outage.ended(`${i}`, 'offline', now, RANDOM)
  }
  return { outage, now }
}

test('nothing waits while transfers succeed, or fail for reasons of their own', () => {
  const outage = makeOutage()
  outage.started('a', 0)
  outage.ended('a', undefined, 1, RANDOM)
  outage.started('b', 1)
  outage.ended('b', 'forbidden', 2, RANDOM)
  expect(outage.isAway()).toBe(false)
  expect(outage.waitLeft(2)).toBe(0)
})

test.each([
  { failures: 1, wait: 500 },
  { failures: 2, wait: 1_000 },
  { failures: 5, wait: 8_000 },
  { failures: 50, wait: 150_000 },
])('after $failures failures the next attempt comes in $wait ms', ({ failures, wait }) => {
  const { outage, now } = away(failures)
  expect(outage.isAway()).toBe(true)
  expect(outage.waitLeft(now)).toBe(wait)
  expect(outage.waitLeft(now + wait)).toBe(0)
})

test('attempts that were under way when the first one failed do not make the wait longer', () => {
  const { outage } = away()
  for (const id of ['b', 'c', 'd']) outage.ended(id, 'offline', 1, RANDOM)
  expect(outage.waitLeft(0)).toBe(500)
})

test('one attempt at a time asks, and others start when it succeeds', () => {
  const { outage } = away()
  outage.started('probe', 500)
  expect(outage.waitLeft(501)).toBeGreaterThan(30_000)
  outage.ended('probe', undefined, 600, RANDOM)
  expect(outage.isAway()).toBe(false)
  expect(outage.waitLeft(600)).toBe(0)
})

test('an attempt that lives for 35 s has found the network: a huge file does not hold up the others', () => {
  const { outage } = away()
  outage.started('huge', 500)
  expect(outage.waitLeft(35_500)).toBe(0)
  expect(outage.isAway()).toBe(false)
})

test('an attempt that somebody stopped says nothing', () => {
  const { outage } = away()
  outage.started('probe', 500)
  outage.ended('probe', 'interrupted', 600, RANDOM)
  expect(outage.isAway()).toBe(true)
  expect(outage.waitLeft(600)).toBe(0)
})

test('other evidence ends it', () => {
  const { outage } = away(9)
  outage.over()
  expect(outage.isAway()).toBe(false)
})
