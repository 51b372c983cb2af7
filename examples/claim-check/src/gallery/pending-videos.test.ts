import { expect, test } from 'vitest'
import { pendingVideos } from './pending-videos.ts'
import { requestIdOf } from './request-id-of.ts'

const video = { id: 'v1', path: 'v1', type: 'video/mp4' }
const other = { id: 'v2', path: 'films/reef.webm', type: 'video/webm' }
const sheet = { id: 's1', path: 'contact-sheets/v1.jpg', type: 'image/jpeg' }

test.for([
  ['no files', [], []],
  ['pictures', [sheet, { id: 'p', path: 'p', type: 'image/png' }], []],
  ['videos', [video, other], ['contact-sheets/v1.jpg', 'contact-sheets/v2.jpg']],
  ['videos of which one has its sheet', [video, sheet, other], ['contact-sheets/v2.jpg']],
] as const)('of %s, those without a sheet are pending', ([, files, paths]) => {
  expect(pendingVideos(files).map(({ sheetPath }) => sheetPath)).toEqual(paths)
})

test('the request of a file is always the same, and a UUID v4', () => {
  expect(requestIdOf('reef/files/v1')).toBe(requestIdOf('reef/files/v1'))
  expect(requestIdOf('reef/files/v1')).not.toBe(requestIdOf('reef/files/v2'))
  for (let i = 0; i < 100; i++) {
    expect(requestIdOf(String(i))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
})
