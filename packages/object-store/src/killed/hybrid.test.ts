import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { IS_LONG } from '../../../../test/long.ts'
import { killedHybridCase } from './hybrid.test.cases.ts'

const remote = await mkdtemp(join(tmpdir(), 'rockpool-killed-remote-'))
afterAll(() => rm(remote, { recursive: true }))

killedHybridCase(IS_LONG ? 25 : 10, async () => remote)
