import { expect, test } from 'vitest'
import { CONTENTS, makePlan, type Step } from './plan.ts'
import type { Fault } from './weather.ts'

const DURATION_MS = 240_000
const plans = Array.from({ length: 20 }, (_, seed) => makePlan(seed, DURATION_MS))
const kindsOf = (steps: readonly Step[]) => new Set(steps.map(({ operation }) => operation.kind))

test('the same seed gives the same plan, another seed another one', () => {
  expect(makePlan(7, DURATION_MS)).toEqual(plans[7])
  expect(plans[8]!.steps).not.toEqual(plans[7]!.steps)
})

test('every plan has two or three devices, all of them busy until the end', () => {
  for (const { devices, steps } of plans) {
    expect([2, 3]).toContain(devices)
    for (let device = 0; device < devices; device++) {
      const times = steps.filter((step) => step.device === device).map(({ at }) => at)
      expect(times.length).toBeGreaterThan(100)
      expect(times.at(-1)).toBeGreaterThan(DURATION_MS - 15_000)
    }
  }
})

test('steps are in the order of time', () => {
  for (const { steps } of plans)
    expect(steps.map(({ at }) => at)).toEqual(steps.map(({ at }) => at).sort((a, b) => a - b))
})

test('twenty plans have every operation, every action, every fault and every content', () => {
  const steps = plans.flatMap(({ steps }) => steps)
  expect([...kindsOf(steps)].sort()).toEqual(
    ['act', 'closeTab', 'freeze', 'kill', 'openTab', 'reload', 'weather'].sort(),
  )
  const acts = steps.flatMap(({ operation }) => (operation.kind === 'act' ? [operation] : []))
  expect(new Set(acts.map(({ action }) => action)).size).toBe(15)
  expect(new Set(acts.map(({ content }) => content)).size).toBe(CONTENTS)
  const faults = steps.flatMap(({ operation }) =>
    operation.kind === 'weather' ? (Object.keys(operation.weather.faults) as Fault[]) : [],
  )
  expect(new Set(faults).size).toBe(8)
  expect(plans.flatMap(({ serverKills }) => serverKills).length).toBeGreaterThan(20)
})
