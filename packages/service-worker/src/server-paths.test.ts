import { expect, test } from 'vitest'
import { SERVER_PATHS } from './server-paths.ts'

test.each([
  ['a file URL', '/rockpool/c/shop/files/ab/photo.png'],
  ['a file URL of an app below a sub-path', '/app/rockpool/f/shop/42/photo.png'],
  ['the token of the development backend', '/rockpool-dev/token'],
  ['the signer', '/signer'],
  ['a signed URL', '/signer/object/shop/files/ab?signature=1'],
  ['the sync server', '/sync?store=shop'],
  ['the head of a log', '/sync/shop/head'],
  ['a share link', '/storage/v1/object/sign/files/photo.png?token=1'],
  ['the REST API', '/storage/v1'],
  ['the health of the server', '/health'],
  ['whether the server is ready', '/ready?verbose'],
  ['the metrics of the server', '/metrics'],
])('leaves %s to the server: %s', (_, path) => {
  expect(SERVER_PATHS.some((pattern) => pattern.test(path))).toBe(true)
})

test.each([
  '/',
  '/albums/7?sort=name',
  '/signers',
  '/synchronize',
  '/storage',
  '/storage/v10',
  '/health/today',
  '/metrics-page',
])('opens the app at %s', (path) => {
  expect(SERVER_PATHS.some((pattern) => pattern.test(path))).toBe(false)
})
