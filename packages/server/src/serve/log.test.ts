import { expect, test } from 'vitest'
import { createLog, LOG_LEVELS } from './log.ts'
import { inRequest, outsideRequests } from './request-scope.ts'

const NOW = new Date('2026-11-26T12:00:00Z')
const logTo = (lines: string[], level?: (typeof LOG_LEVELS)[number]) =>
  createLog((line) => lines.push(line), { now: () => NOW, ...(level && { level }) })

test('writes time, level and kind before the fields, as one JSON line', () => {
  const lines: string[] = []
  logTo(lines).info('gc', { storeId: 'reef', text: 'two\nlines' })
  expect(lines).toEqual([
    '{"time":"2026-11-26T12:00:00.000Z","level":"info","kind":"gc","storeId":"reef","text":"two\\nlines"}\n',
  ])
})

test.each([
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['warn', ['warn', 'error']],
  ['error', ['error']],
] as const)('writes from level %s on: %j', (level, written) => {
  const lines: string[] = []
  const log = logTo(lines, level)
  for (const each of LOG_LEVELS) log[each]('test', {})
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(written)
})

test('lines of a request have its id, also after it has waited', async () => {
  const lines: string[] = []
  const log = logTo(lines)
  await Promise.all(
    ['a', 'b'].map((requestId) =>
      inRequest({ requestId, span: undefined, found: { route: '/' } }, async () => {
        log.info('first', {})
        await Promise.resolve()
        log.info('second', {})
        outsideRequests(() => log.info('background', {}))
      }),
    ),
  )
  const kinds = (requestId?: string) =>
    lines.map((line) => JSON.parse(line)).flatMap((line) => (line.requestId === requestId ? [line.kind] : []))
  expect([kinds('a'), kinds('b')]).toEqual([
    ['first', 'second'],
    ['first', 'second'],
  ])
  expect(kinds()).toEqual(['background', 'background'])
})
