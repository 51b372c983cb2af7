import { expect, test } from 'vitest'
import { basePath } from './base-path.ts'

test.each([
  ['/', '/'],
  ['/app/', '/app/'],
  ['./', '/'],
  ['', '/'],
  ['https://cdn.example/app/', '/app/'],
])('with the base %j the app is at %s of its own origin', (base, path) => {
  expect(basePath({ base })).toBe(path)
})
