import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { objectStoreSuite } from '../testing/index.ts'
import { openLocalStore } from './local-store.ts'

const directory = await mkdtemp(join(tmpdir(), 'rockpool-local-'))
afterAll(() => rm(directory, { recursive: true }))

objectStoreSuite('local', (setup) => openLocalStore({ directory, ...setup }))
