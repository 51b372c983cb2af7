import { expect, test } from 'vitest'
import { artifactKey, logKey, requestPrefix, stateKey, tmpKey } from './keys.ts'

const ID = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77'

test('keys are those of the layout', () => {
  expect(artifactKey({ requestId: ID, stage: 'input', name: 'original.mp4' })).toBe(`requests/${ID}/input/original.mp4`)
  expect(stateKey(ID)).toBe(`requests/${ID}/metadata/state.json`)
  expect(logKey({ requestId: ID, stage: 'probe', at: Date.UTC(2026, 10, 26, 19, 59, 59, 123), n: 3 })).toBe(
    `requests/${ID}/metadata/logs/probe-20261126T195959123Z-3.jsonl`,
  )
  expect(tmpKey({ area: 'scratch', name: 'a/b' })).toBe('tmp/scratch/a/b')
  expect([requestPrefix(ID), requestPrefix(ID, 'frames')]).toEqual([`requests/${ID}/`, `requests/${ID}/frames/`])
})

test.for([
  ['a request id that is no UUID', () => artifactKey({ requestId: '42', stage: 'a', name: 'b' }), 'UUID v4'],
  ['a request id with a path', () => stateKey(`${ID}/../x`), 'UUID v4'],
  ['a stage with a slash', () => artifactKey({ requestId: ID, stage: 'a/b', name: 'c' }), 'segment'],
  ['the stage metadata', () => artifactKey({ requestId: ID, stage: 'metadata', name: 'state.json' }), 'metadata'],
  ['a name with a dot segment', () => artifactKey({ requestId: ID, stage: 'a', name: '../b' }), 'segment'],
  ['a log of no stage', () => logKey({ requestId: ID, stage: 'a b', at: 0, n: 0 }), 'stage'],
  ['a folder of tmp that is none', () => tmpKey({ area: 'other' as 'builds', name: 'x' }), 'tmp/builds'],
  ['a list of another prefix', () => requestPrefix('tmp'), 'UUID v4'],
] as const)('%s is refused', ([, make, said]) => {
  expect(make).toThrow(expect.objectContaining({ code: 'bad_key', message: expect.stringContaining(said) }))
})
