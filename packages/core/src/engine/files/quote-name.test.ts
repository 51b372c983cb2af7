import { expect, test } from 'vitest'
import { quoteName } from './quote-name.ts'

test.each([
  ['reef.jpg', '"reef.jpg"'],
  ['x'.repeat(80), `"${'x'.repeat(80)}"`],
  ['x'.repeat(1_000_000), `"${'x'.repeat(80)}…"`],
  [`${'x'.repeat(79)}😀`, `"${'x'.repeat(79)}\uFFFD…"`],
])('quotes case %#', (name, quoted) => expect(quoteName({ name })).toBe(quoted))
