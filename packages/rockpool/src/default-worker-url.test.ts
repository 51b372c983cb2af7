import { expect, test } from 'vitest'
import { workerUrl } from './default-worker-url.ts'

test.each([
  ['/', '/service-worker.js'],
  ['/app/', '/app/service-worker.js'],
  ['./', './service-worker.js'],
  ['https://cdn.example/app/', '/service-worker.js'],
  ['//cdn.example/', '/service-worker.js'],
])('with the base %s the service worker is at %s', (base, url) => {
  expect(workerUrl(base)).toBe(url)
})
