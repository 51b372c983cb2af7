import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildArtifactKey, isArtifactName, isRequestId, isStage, parseArtifactKey } from './artifact-key.ts'

const ID = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77'

describe('parseArtifactKey', () => {
  test.for([
    [`requests/${ID}/input/original.mp4`, { kind: 'artifact', requestId: ID, stage: 'input', name: 'original.mp4' }],
    [
      `requests/${ID}/frames/clip_0001/frame_0003.jpg`,
      { kind: 'artifact', requestId: ID, stage: 'frames', name: 'clip_0001/frame_0003.jpg' },
    ],
    [`requests/${ID}/metadata/state.json`, { kind: 'state', requestId: ID }],
    [
      `requests/${ID}/metadata/logs/contact-sheet-20261126T195959123Z-0.jsonl`,
      { kind: 'log', requestId: ID, stage: 'contact-sheet', timestamp: '20261126T195959123Z', n: 0 },
    ],
    ['tmp/builds/app-1.2.tar', { kind: 'tmp', area: 'builds', name: 'app-1.2.tar' }],
    ['tmp/scratch/a/b', { kind: 'tmp', area: 'scratch', name: 'a/b' }],
  ] as const)('reads %s', ([key, parts]) => {
    expect(parseArtifactKey(key)).toEqual(parts)
    expect(buildArtifactKey(parts)).toBe(key)
  })

  test.for([
    '',
    'requests',
    `requests/${ID}`,
    `requests/${ID}/input`,
    `requests/${ID}/input/`,
    `requests/${ID}//original.mp4`,
    `requests/${ID}/input/a//b`,
    `requests/${ID}/input/../../x`,
    `requests/${ID}/input/.`,
    `requests/${ID}/../other/x`,
    `requests/${ID}/input/a b`,
    `requests/${ID}/input/a%2fb`,
    `requests/${ID}/input/é`,
    `requests/${ID}/input/a\\b`,
    `requests/${ID}/input/a\n`,
    `requests/${ID}/input/${'a'.repeat(256)}`,
    `requests/${ID}/input/${'a/'.repeat(500)}a`,
    `requests/${ID}/metadata/other.json`,
    `requests/${ID}/metadata/logs/frames.jsonl`,
    `requests/${ID}/metadata/logs/frames-20261126T195959123Z-01.jsonl`,
    `requests/${ID}/metadata/logs/a/frames-20261126T195959123Z-1.jsonl`,
    `requests/${ID.toUpperCase()}/input/x`,
    'requests/3f1c9a52-7b1e-1c0d-9f43-2a6f0d1b8e77/input/x',
    'requests/3f1c9a52-7b1e-4c0d-cf43-2a6f0d1b8e77/input/x',
    'tmp/x',
    'tmp/other/x',
    '/tmp/builds/x',
    'reef/files/x',
  ])('refuses %j', (key) => {
    expect(parseArtifactKey(key)).toBeUndefined()
  })

  test('never reads a key as something that builds another one', () => {
    const segment = fc.oneof(
      fc.constantFrom('requests', ID, 'metadata', 'logs', 'state.json', 'tmp', 'builds', 'input', '..', '.', ''),
      fc.string({ maxLength: 12 }),
    )
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        const key = segments.join('/')
        const parts = parseArtifactKey(key)
        if (parts) expect(buildArtifactKey(parts)).toBe(key)
      }),
      { numRuns: 500 },
    )
  })
})

describe('buildArtifactKey', () => {
  test.for([
    { kind: 'artifact', requestId: 'x', stage: 'input', name: 'a' },
    { kind: 'artifact', requestId: ID, stage: 'metadata', name: 'state.json' },
    { kind: 'artifact', requestId: ID, stage: 'a/b', name: '' },
    { kind: 'artifact', requestId: ID, stage: 'a/b', name: 'c' },
    { kind: 'artifact', requestId: `${ID}/input`, stage: '..', name: 'a' },
    { kind: 'log', requestId: ID, stage: 'metadata', timestamp: '20261126T195959123Z', n: 0 },
    { kind: 'log', requestId: ID, stage: 'frames', timestamp: '2026', n: 0 },
    { kind: 'log', requestId: ID, stage: 'frames', timestamp: '20261126T195959123Z', n: -1 },
    { kind: 'tmp', area: 'other', name: 'a' },
    { kind: 'tmp', area: 'builds', name: '../a' },
  ] as const)('builds nothing from %j', (parts) => {
    expect(buildArtifactKey(parts)).toBeUndefined()
  })
})

test('tells ids, stages and names from other text', () => {
  expect([isRequestId(ID), isRequestId(ID.toUpperCase()), isRequestId(`${ID}\n`)]).toEqual([true, false, false])
  expect([isStage('input'), isStage('metadata'), isStage('a/b'), isStage('..')]).toEqual([true, false, false, false])
  expect([isArtifactName('a/b.c'), isArtifactName('a/../b'), isArtifactName('')]).toEqual([true, false, false])
})
