/** Rockpool's leader in a real LiveStore client, whose disk fails. */
import { makeAdapter } from '@livestore/adapter-node'
import { createStorePromise, Events, makeSchema, queryDb, Schema, State } from '@livestore/livestore'
import { Deferred, Effect, LogLevel } from 'effect'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'

const noteWritten = Events.synced({ name: 'v1.NoteWritten', schema: Schema.Struct({ text: Schema.String }) })
const notes = State.SQLite.table({ name: 'notes', columns: { text: State.SQLite.text({ primaryKey: true }) } })
const schema = makeSchema({
  events: { noteWritten },
  state: State.SQLite.makeState({
    tables: { notes },
    materializers: State.SQLite.materializers(
      { noteWritten },
      { 'v1.NoteWritten': ({ text }) => notes.insert({ text }) },
    ),
  }),
})

const open = async (baseDirectory: string) => {
  const ended = Effect.runSync(Deferred.make<unknown, unknown>())
  const store = await createStorePromise({
    schema,
    storeId: 'shop',
    adapter: makeAdapter({ storage: { type: 'fs', baseDirectory } }),
    batchUpdates: (run) => run(),
    disableDevtools: true,
    logLevel: LogLevel.None,
    shutdownDeferred: ended as never,
  })
  return {
    /** Resolves when the store has shut down by itself. */
    shutDown: () => Effect.runPromiseExit(Deferred.await(ended)),
    close: () => store.shutdownPromise(),
    write: (text: string) => store.commit(noteWritten({ text })),
    texts: () => store.query(queryDb(notes.select('text'))).toSorted(),
  }
}

interface Statements {
  execute: (statement: string, ...more: never[]) => unknown
}

it('ends a leader whose log took a change that its state did not, and the next one has the change', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-leader-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const { write, texts, shutDown } = await open(folder)
  write('first')
  const { dbState } = (globalThis as never as { readonly __leaderThreadCtx: { readonly dbState: Statements } })
    .__leaderThreadCtx
  const execute = dbState.execute.bind(dbState)
  let failures = 0
  dbState.execute = (statement, ...more) => {
    if (statement !== 'COMMIT') return execute(statement, ...more)
    failures++
    throw new Error('The disk is full.')
  }
  write('second')
  expect(texts()).toEqual(['first', 'second'])
  const exit = await shutDown()
  expect(JSON.stringify(exit)).toContain('Nothing is lost: reload the page.')
  expect(failures).toBe(1)

  const next = await open(folder)
  expect(next.texts()).toEqual(['first', 'second'])
  next.write('third')
  expect(next.texts()).toEqual(['first', 'second', 'third'])
  await next.close()
})
