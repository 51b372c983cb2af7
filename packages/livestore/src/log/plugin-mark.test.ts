import { afterEach, expect, it } from 'vitest'
import { requirePlugin } from './plugin-mark.ts'

const thread = globalThis as { [mark: symbol]: unknown }
const MARK = Symbol.for('rockpool.livestore.session')
const before = thread[MARK]

afterEach(() => {
  thread[MARK] = before
})

it('throws where the sync modules were not loaded, and says how to add the plugin', () => {
  delete thread[MARK]
  expect(requirePlugin).toThrow(
    expect.objectContaining({
      code: 'unsupported',
      message: expect.stringMatching(
        /@rockpool\/livestore-plugin .*@rockpool\/vite.*--import @rockpool\/livestore-plugin\/register/,
      ),
    }),
  )
})

it('passes where they left their mark', () => {
  thread[MARK] = { version: 1 }
  expect(requirePlugin).not.toThrow()
})
