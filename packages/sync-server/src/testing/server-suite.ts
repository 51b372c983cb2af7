/** Acceptance tests of a sync server, over real HTTP and WebSockets: docs/contracts/sync-http.md. */
import { SECRET } from '@rockpool/access/testing'
import type { Buckets } from '@rockpool/protocol'
import { afterAll, beforeAll, describe } from 'vitest'
import { liveCases } from './live-cases.ts'
import { pushCases } from './push-cases.ts'
import { readCases } from './read-cases.ts'
import { requestCases } from './request-cases.ts'
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
  /** whether `GET /live` responds with a stream, and slow readers are noticed */
  readonly isNode: boolean
  /** Stops the server and starts it again with the same url and the same logs. Absent: nothing is kept. */
  readonly restart?: () => Promise<void>
}

/** The subject of the running suite. */
export type Subject = () => ServerSubject

export const syncServerSuite = (name: string, start: () => Promise<ServerSubject>): void => {
  describe(`sync server: ${name}`, () => {
    let started: ServerSubject
    beforeAll(async () => {
      started = await start()
    }, 60_000)
    afterAll(() => started?.[Symbol.asyncDispose]())
    const subject = () => started
    readCases(subject)
    pushCases(subject)
    requestCases(subject)
    liveCases(subject)
    concurrencyCases(subject)
  })
}
