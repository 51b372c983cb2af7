import { expect, test } from 'vitest'
import { removeBidiControls } from './bidi.ts'

test.each([
  ['a right-to-left override', 'invoice\u202Efdp.exe', 'invoicefdp.exe'],
  ['every bidi control', '\u061Ca\u200E\u200Fb\u202A\u202B\u202C\u202D\u202Ec\u2066\u2067\u2068\u2069d', 'abcd'],
  ['nothing else', '\u202E\u2066', ''],
  ['no control: Arabic and Hebrew', 'صورة שלום.jpg', 'صورة שלום.jpg'],
  ['no control: an emoji with a joiner', '👩‍🚀.png', '👩‍🚀.png'],
  ['no control: their neighbours', '\u200D\u2010\u2029\u202F\u2065\u206A', '\u200D\u2010\u2029\u202F\u2065\u206A'],
])('removes %s', (_, text, shown) => expect(removeBidiControls(text)).toBe(shown))
