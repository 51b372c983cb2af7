import { describe, expect, it } from 'vitest'
import { namesOf, workerFileNames } from './worker-file-names.ts'

const shared = {
  name: 'make-shared-worker',
  facadeModuleId: '/app/node_modules/@livestore/adapter-web/dist/web-worker/shared-worker/make-shared-worker.js',
}
const own = { name: 'livestore.worker', facadeModuleId: '/app/src/livestore.worker.ts' }

describe('the file of a worker', () => {
  it('has the same name in every release when it is the shared worker of LiveStore', () => {
    expect(workerFileNames()(shared)).toBe('assets/livestore-shared-worker-0.4.0-2.js')
    expect(workerFileNames('')(shared)).toBe('livestore-shared-worker-0.4.0-2.js')
    expect(workerFileNames('js', 'named by the app')(shared)).toBe('js/livestore-shared-worker-0.4.0-2.js')
  })

  it('is named by the app otherwise, or by Vite', () => {
    expect(workerFileNames()(own)).toBe('assets/[name]-[hash].js')
    expect(workerFileNames('js')(own)).toBe('js/[name]-[hash].js')
    expect(workerFileNames('js', 'w/[name].js')(own)).toBe('w/[name].js')
    expect(workerFileNames('js', ({ name }) => `w/${name}-x.js`)(own)).toBe('w/livestore.worker-x.js')
  })
})

describe('the name in the configuration of an app', () => {
  it.each([
    [undefined, undefined],
    [{}, undefined],
    [{ entryFileNames: 'a' }, 'a'],
    [[{ entryFileNames: 'a' }, { entryFileNames: 'b' }], 'a'],
  ])('of %j is %s', (output, expected) => {
    expect(namesOf<string>(output)).toBe(expected)
  })
})
