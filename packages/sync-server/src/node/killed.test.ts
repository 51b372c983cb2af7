/** A server process that is killed in the middle of pushes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import path from 'node:path'
import { signToken } from '@rockpool/access/testing'
import { expect, onTestFinished, test } from 'vitest'
import { testFolder } from '../test-support/folder.ts'
import { eventsAfter } from '../testing/events.ts'
import { type HttpClient, httpClient } from '../testing/http-client.ts'

const KILLS = 15
const WRITERS = ['a', 'b', 'c']
const STORE = 'shop'

const start = async (
  dataDir: string,
  port: string,
): Promise<{ readonly url: string; readonly server: ChildProcess }> => {
  const script = path.join(import.meta.dirname, '../test-support/run-server.ts')
  const server = spawn(process.execPath, ['--conditions=@rockpool/source', script, dataDir, port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void server.kill('SIGKILL'))
  const [url] = await once(createInterface({ input: server.stdout }), 'line')
  return { url, server }
}

/** Pushes one event at a time until a call fails: `acknowledged` has what was answered with 200. */
const pushUntilKilled = async (http: HttpClient, name: string, acknowledged: string[], killWhen: () => void) => {
  let head = 0
  for (let count = 0; ;) {
    const value = `${name}${count}`
    try {
      const { status, body } = await http.push(head, eventsAfter(head, value))
      if (status === 409) {
        head += body.events.length
        continue
      }
      expect(status).toBe(200)
      head++
      count++
      acknowledged.push(value)
      killWhen()
    } catch (error) {
      if (error instanceof TypeError) return // fetch failed: the server is dead
      throw error
    }
  }
}

const readAll = async (http: HttpClient) => {
  const events = []
  for (;;) {
    const { body } = await http.events(`?since=${events.length}`)
    events.push(...body.events)
    if (events.length >= body.head) return { events, backendId: body.backendId }
  }
}

test(
  `a server that was killed ${KILLS} times has every acknowledged event once, without a gap, under the same backend id`,
  { timeout: 300_000 },
  async () => {
    const dataDir = await testFolder()
    const acknowledged: string[] = []
    const backendIds = new Set<string>()
    let port = '0'
    for (let run = 0; run < KILLS; run++) {
      const { url, server } = await start(dataDir, port)
      ;({ port } = new URL(url))
      const http = httpClient(url, STORE, await signToken(STORE))
      backendIds.add((await http.head()).body.backendId)
      const exited = once(server, 'exit')
      const killAt = acknowledged.length + 5 + ((run * 7) % 23)
      const killWhen = () => acknowledged.length >= killAt && server.kill('SIGKILL')
      await Promise.all(WRITERS.map((name) => pushUntilKilled(http, `${name}-${run}-`, acknowledged, killWhen)))
      expect(await exited).toEqual([null, 'SIGKILL'])
    }

    const { url } = await start(dataDir, port)
    const { events, backendId } = await readAll(httpClient(url, STORE, await signToken(STORE)))
    expect([...backendIds]).toEqual([backendId])
    expect(events.map(({ seqNum }) => seqNum)).toEqual(events.map((_, index) => index + 1))
    const values = events.map(({ args }) => args!.value as string)
    expect(new Set(values).size).toBe(values.length)
    expect(acknowledged.filter((value) => !values.includes(value))).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(KILLS * 5)
    // At most the one push of each writer that was under way was stored without an answer.
    expect(values.length - acknowledged.length).toBeLessThanOrEqual(KILLS * WRITERS.length)
  },
)
