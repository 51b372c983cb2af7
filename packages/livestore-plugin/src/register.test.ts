import { pathToFileURL } from 'node:url'
import { makeAdapter } from '@livestore/adapter-node'
import { createStorePromise, makeSchema, State } from '@livestore/livestore'
import { LogLevel } from 'effect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installPackage, type InstalledPackage } from './testing/package.ts'
import { runProgram } from './testing/node.ts'

let installed: InstalledPackage | undefined
/** the address of the built module */
let register: string
const source = new URL('./register.ts', import.meta.url).href
beforeAll(async () => {
  installed = await installPackage()
  register = pathToFileURL(installed.register).href
}, 60_000)
afterAll(() => installed?.remove())

const REPLACED = { ids: ['a', 'b'], session: true, fixes: 1 }
const imported = (...modules: string[]) => ({ execArgv: modules.flatMap((module) => ['--import', module]) })

describe('register', { timeout: 60_000 }, () => {
  it("replaces LiveStore's processors, and a store keeps what it is given", async () => {
    expect(await runProgram('store', ['thread'], imported(register))).toEqual({ ...REPLACED, leader: true })
  })

  it('reaches a LiveStore worker whose entry imports it and then loads LiveStore', async () => {
    const options = { ...imported(register), env: { REGISTER: register } }
    expect(await runProgram('store', ['worker'], options)).toEqual({ ...REPLACED, leader: [true, true] })
  })

  it('does not reach a LiveStore worker by --import of the program', async () => {
    expect(await runProgram('store', ['worker'], imported(register))).toMatchObject({ leader: [false, false] })
  })

  it('reaches a LiveStore worker by NODE_OPTIONS', async () => {
    const options = { env: { NODE_OPTIONS: `--import=${register}` } }
    expect(await runProgram('store', ['worker'], options)).toEqual({ ...REPLACED, leader: [true, true] })
  })

  it('may be imported twice, and from two copies of the package', async () => {
    const options = imported(register, source, `${register}?again`)
    expect(await runProgram('store', ['thread'], options)).toEqual({ ...REPLACED, leader: true })
  })

  it('names the version of Node that it needs', async () => {
    const olderNode = `data:text/javascript,import module from 'node:module'; delete module.registerHooks`
    await expect(runProgram('store', ['thread'], imported(olderNode, register))).rejects.toThrow(
      /Error: @rockpool\/livestore-plugin\/register needs Node 22\.15 or newer, and this is Node \d+/,
    )
  })

  it('is asked for by the sync provider and by a pool where it is missing', async () => {
    const execArgv = ['--conditions=@rockpool/source']
    const missing = expect.stringMatching(/plugin.*register/)
    expect(await runProgram('synced-store', [], { execArgv })).toEqual({ store: missing, pool: missing })
    const options = { execArgv: [...execArgv, ...imported(register).execArgv] }
    expect(await runProgram('synced-store', [], options)).toEqual({ store: 'opened', pool: 'opened' })
  })
})

describe('the tests of this workspace', { timeout: 60_000 }, () => {
  it('load our processors when they load LiveStore', async () => {
    const marks = globalThis as Record<symbol, unknown>
    const store = await createStorePromise({
      schema: makeSchema({ events: {}, state: State.SQLite.makeState({ tables: {}, materializers: {} }) }),
      storeId: 'notes',
      adapter: makeAdapter({ storage: { type: 'in-memory' } }),
      batchUpdates: (run) => run(),
      disableDevtools: true,
      logLevel: LogLevel.None,
    })
    expect(marks[Symbol.for('rockpool.livestore.session')]).toBe(true)
    expect(marks[Symbol.for('rockpool.livestore.leader')]).toBeInstanceOf(Map)
    await store.shutdownPromise()
  })
})
