import { describe, expect, test } from 'vitest'
import { nextStep, parseRecord, withOutput } from './request-record.ts'

const NEW = { owner: 'a', input: 's3://b/original', outputs: {} }

describe('nextStep', () => {
  test.for([
    [NEW, { stage: 'probe', inputUri: 's3://b/original' }],
    [withOutput(NEW, 'probe', 's3://b/probe'), { stage: 'frames', inputUri: 's3://b/probe' }],
    [
      withOutput(withOutput(NEW, 'probe', 's3://b/probe'), 'frames', 's3://b/frames'),
      { stage: 'contact-sheet', inputUri: 's3://b/frames' },
    ],
    [{ ...NEW, outputs: { probe: 'p', frames: 'f', 'contact-sheet': 'c' } }, undefined],
  ] as const)('of %j is %j', ([record, step]) => {
    expect(nextStep(record)).toEqual(step)
  })
})

describe('parseRecord', () => {
  test('returns a record', () => {
    expect(parseRecord(NEW)).toEqual(NEW)
  })

  test.for([
    null,
    {},
    [],
    'x',
    { ...NEW, owner: 1 },
    { ...NEW, outputs: { other: 'x' } },
    { ...NEW, outputs: { probe: 1 } },
  ])('refuses %j', (value) => {
    expect(() => parseRecord(value)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })
})
