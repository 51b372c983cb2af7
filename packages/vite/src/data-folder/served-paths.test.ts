import { describe, expect, it } from 'vitest'
import { isBelow, pathsOf } from './served-paths.ts'

const ROOT = '/work/app'
const DATA = '/work/app/.rockpool'
const AWAY = '/home/ä b/pool'
const refuses = (url: string, base?: string) =>
  [...pathsOf(url, [ROOT], base)].some((path) => isBelow(path, [DATA, AWAY, 'C:/pool']))

describe('a request for the data folder is recognized', () => {
  it.each([
    '/.rockpool',
    '/.rockpool/',
    '/.rockpool/secret',
    '/.rockpool/secret?raw',
    '/.rockpool/secret?import&raw',
    '/.rockpool/secret?url#x',
    '/.rockpool/objects/contents/00/x',
    '/.ROCKPOOL/Secret',
    '//.rockpool//secret',
    '/src/../.rockpool/secret',
    '/./.rockpool/./secret',
    '/src/%2e%2e/.rockpool/secret',
    '/src/%2E%2E%2f.rockpool/secret',
    '/%2erockpool/secret',
    '/%252erockpool/secret',
    '/%25252erockpool/secret',
    '/.rockpool%2fsecret',
    '/.rockpool%5csecret',
    String.raw`/.rockpool\secret`,
    String.raw`\.rockpool\secret`,
    String.raw`/src\..\.rockpool\secret`,
    '/.rock\tpool/secret',
    '/x%zz/../%2erockpool/secret',
    '/src/main.ts?/../../.rockpool/secret',
    '/?/../.rockpool/secret?raw',
    '/x#/../.rockpool/secret',
    '/x%3f/../.rockpool/secret',
    '/x%23/../.rockpool/secret?raw',
    'http://localhost:5173/.rockpool/secret',
    '//localhost/.rockpool/secret',
    '/@fs/work/app/.rockpool/secret',
    '/@fs//work/app/.rockpool/secret?raw',
    '/@fs/work/other/../app/.rockpool/secret',
    '/@fs/%77ork/app/.rockpool/secret',
    '/@fs/work/app/src/?/../../.rockpool/secret?raw??',
    '/@id/work/app/.rockpool/secret?raw',
    '/@id//work/app/.rockpool/secret',
    '/@id/.rockpool/secret',
    '//@fs/work/app/.rockpool/secret',
    '/@fs/home/%C3%A4%20b/pool/secret',
    '/@fs/home/ä b/pool/secret',
    '/@fs/home/a%CC%88%20b/pool/secret',
    '/@fs/C:/pool/secret',
    '/@fs/c:/POOL/secret',
    '/@fs/C:%5Cpool%5Csecret',
  ])('%s', (url) => expect(refuses(url)).toBe(true))

  it.each(['/base/.rockpool/secret', '/base/@fs/work/app/.rockpool/secret', '/.rockpool/secret'])(
    '%s, with a base of /base/',
    (url) => expect(refuses(url, '/base/')).toBe(true),
  )
})

describe('a request for anything else is not', () => {
  it.each([
    '/',
    '/index.html',
    '/src/main.tsx?t=1',
    '/.rockpool-notes/secret',
    '/.rockpools',
    '/docs/.rockpool/readme',
    '/rockpool/c/gallery/files/x/reef.jpg',
    '/rockpool-dev/token?user=ada&store=gallery',
    '/sync/gallery/events?since=3',
    '/signer/upload-url',
    '/@vite/client',
    '/@id/__x00__virtual:module',
    '/@fs/work/node_modules/vite/dist/client/env.mjs',
    '/search?path=/.rockpool/secret',
    '/%zz',
    '/%00',
  ])('%s', (url) => expect(refuses(url)).toBe(false))
})
