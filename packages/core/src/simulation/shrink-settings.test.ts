import { describe, expect, test } from 'vitest'
import { shrinkSettings } from './shrink-settings.ts'

const SETTINGS = { devices: 8, actions: 100, loss: 0.5, duration: 60 }
const RULES = { smallest: { devices: 1 }, kept: new Set(['duration'] as const) }

describe('shrinkSettings', () => {
  test('finds the smallest settings that still fail', async () => {
    const fails = async ({ devices, actions }: typeof SETTINGS) => devices >= 2 && actions >= 13
    expect(await shrinkSettings(SETTINGS, RULES, fails)).toEqual({ devices: 2, actions: 13, loss: 0, duration: 60 })
  })

  test('changes no kept setting, and goes below no smallest value', async () => {
    expect(await shrinkSettings(SETTINGS, RULES, async () => true)).toEqual({
      devices: 1,
      actions: 0,
      loss: 0,
      duration: 60,
    })
  })

  test('returns the settings unchanged when nothing smaller fails', async () => {
    expect(await shrinkSettings(SETTINGS, RULES, async () => false)).toEqual(SETTINGS)
  })
})
