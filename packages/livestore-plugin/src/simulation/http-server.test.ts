import { describe, expect, it } from 'vitest'
import { openHttpServer } from './http-server.ts'
import { MAX_BETWEEN } from '../../../sync-server/src/http/handler.ts'
import type { Settings } from './settings.ts'
import { simulate } from './simulate.ts'

const SEEDS = 20

/** As in the real handler. */
const changeSettings = (settings: Settings): Settings => ({ ...settings, pageLimit: 1_000, maxBetween: MAX_BETWEEN })

describe('the handler of the sync server', () => {
  it(`decides as the server of the simulation does, step by step (${SEEDS} seeds)`, { timeout: 120_000 }, async () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const server = await openHttpServer()
      const outcome = await simulate(seed, { makeServer: server.makeServer, changeSettings })
      expect(outcome).toEqual(await simulate(seed, { changeSettings }))
      const log = await server.read()
      expect(log.map(({ seqNum }) => seqNum)).toEqual(log.map((_, index) => index + 1))
      expect(log.length).toBe(outcome.events)
    }
  })
})
