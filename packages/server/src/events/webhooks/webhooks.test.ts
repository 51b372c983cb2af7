/** Webhooks through the real process: signed, at least once, in order, also when the server is killed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest'
import { TOKEN_SECRET, tokenOf } from '../../testing/client.ts'
import { endAll, runServer, type ServerProcess } from '../../testing/process.ts'
import { RECEIVER_SECRET, type Received, type Receiver, startReceiver } from '../../testing/webhook-receiver.ts'

const WAIT = { interval: 20, timeout: 60_000 }

let folder: string
let server: ServerProcess
let url: string
let token: string
let scanner: Receiver
let down: Receiver
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-webhooks-'))
  token = await tokenOf({ shop: ['read', 'write', 'delete'] }, 'ada')
  scanner = await startReceiver()
  down = await startReceiver(() => ({ status: 500 }))
  await writeFile(
    join(folder, 'rockpool.yaml'),
    `
storage: { local: { path: ${folder}/data } }
server: { port: 0 }
auth: { jwt_secret: ${TOKEN_SECRET} }
buckets: { files: { access: store }, inbox: { access: owner } }
webhooks:
  - { url: '${down.url}', secret: '${RECEIVER_SECRET}' }
  - url: '${scanner.url}?key=of-the-receiver'
    secret: '${RECEIVER_SECRET}'
    events: [storage.object.created, storage.object.deleted]
    buckets: [files]
`,
  )
  await start()
})
afterEach(async () => {
  await endAll()
  await Promise.all([scanner.close(), down.close()])
  await rm(folder, { recursive: true })
})
afterAll(endAll)

const start = async () => {
  server = runServer(['serve'], { cwd: folder })
  url = await server.url
}
const call = async (method: string, place: string) => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'image/png' }
  const init = method === 'POST' ? { body: place } : {}
  const response = await fetch(`${url}/storage/v1/object/${place}`, { method, headers, ...init })
  expect(response.ok).toBe(true)
  await response.arrayBuffer()
}
const short = ({ event }: Received) => `${event.type.split('.')[2]} ${event.path}`

it('gets the events it asks for, while another one fails; metrics and log say so', async () => {
  await call('POST', 'files/1.png')
  await call('POST', 'inbox/2.png')
  await call('POST', 'files/1.png')
  await call('DELETE', 'files/1.png')
  await vi.waitFor(() => expect(scanner.received.map(short)).toEqual(['created 1.png', 'deleted 1.png']), WAIT)
  expect(scanner.received.every(({ isSigned, id, event }) => isSigned && id === event.cursor)).toBe(true)
  await vi.waitFor(() => expect(server.lines.some((line) => line.includes('"kind":"webhook"'))).toBe(true), WAIT)
  const line = JSON.parse(server.lines.find((each) => each.includes('"kind":"webhook"'))!)
  expect(line).toMatchObject({ level: 'warn', storeId: 'shop', attempts: 1, reason: 'status 500' })
  expect(line.webhook).toBe(new URL(down.url).host)
  // A delivery goes on for longer than the request that appended the event.
  expect(line.requestId).toBeUndefined()
  expect(server.lines.join('')).not.toContain('of-the-receiver')
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toContain('rockpool_webhook_attempts_total{outcome="accepted"} 2')
})

it('continues after SIGKILL: each event at least once, in order', async () => {
  for (let n = 1; n <= 6; n++) {
    await call('POST', `files/${n}.png`)
    if (n % 2 === 1) continue
    server.child.kill('SIGKILL')
    await server.ended
    await start()
  }
  const paths = () => [...new Set(scanner.received.map(({ event }) => event.path))]
  const expected = [1, 2, 3, 4, 5, 6].map((n) => `${n}.png`)
  await vi.waitFor(() => expect(paths()).toEqual(expected), WAIT)
})
