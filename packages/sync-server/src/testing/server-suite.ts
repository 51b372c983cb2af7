/** Acceptance tests of a sync server, over real HTTP and WebSockets: docs/contracts/sync-http.md. */
import { SECRET } from '@rockpool/access/testing'
import type { Buckets } from '@rockpool/protocol'
import { afterAll, beforeAll, describe } from 'vitest'
import { liveCases } from './live-cases.ts'
import { pushCases } from './push-cases.ts'
import { readCases } from './read-cases.ts'
import { hibernationCases } from './hibernation-cases.ts'
import { requestCases } from './request-cases.ts'
import { restartCases } from './restart-cases.ts'
import { concurrencyCases } from './concurrency-cases.ts'

/** Start the server with these. */
export const SUITE_SECRET: string = SECRET
export const SUITE_BUCKETS: Buckets = {
  files: { access: 'store' },
  inbox: { access: 'owner' },
}

export interface ServerSubject extends AsyncDisposable {
  /** base of all calls, such as `http://127.0.0.1:8080/sync` */
  readonly url: string
  /** Stops the server and starts it again with the same url and the same logs. */
  readonly restart?: () => Promise<void>
  /** Evicts what serves a store from memory; its WebSockets hibernate. */
  readonly evict?: (storeId: string) => Promise<void>
}

/** What a server has beside the calls that all have. */
export interface ServerFeatures {
  /** `GET /live` without an upgrade responds with a stream */
  readonly streams?: boolean
  /** a reader that is too slow is closed with 4408 */
  readonly closesSlowReaders?: boolean
  /** logs outlive a restart: the subject has `restart` */
  readonly restarts?: boolean
  /** WebSockets outlive the object behind them: the subject has `evict` */
  readonly hibernates?: boolean
}

/** The subject of the running suite. */
export type Subject = () => ServerSubject

export const syncServerSuite = (name: string, start: () => Promise<ServerSubject>, features: ServerFeatures): void => {
  describe(`sync server: ${name}`, { timeout: 60_000 }, () => {
    let started: ServerSubject
    beforeAll(async () => {
      started = await start()
    }, 60_000)
    afterAll(() => started?.[Symbol.asyncDispose]())
    const subject = () => started
    readCases(subject)
    pushCases(subject)
    requestCases(subject)
    liveCases(subject, features)
    concurrencyCases(subject)
    if (features.restarts) restartCases(subject)
    if (features.hibernates) hibernationCases(subject)
  })
}
