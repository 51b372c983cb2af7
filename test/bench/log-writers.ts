/**
 * Eight devices that push to one store, in a process of their own: `log-writers.ts <url> <token> <batch> <pushes>` prints events
 * per second and conflicts per push. Before they do, they push as much to another store: servers run for days, and the first
 * thousand requests of a process take several times as long.
 *
 * The eight share one core, and a device has its own. So that the server is measured and not its clients, they use node:http
 * (`fetch` takes twice the time) and read a response to its end, but decode of it only the head.
 */
import { Agent, type IncomingMessage, request } from 'node:http'
import { batchAfter, WRITERS } from './log-batches.ts'

const [url, token, ...counts] = process.argv.slice(2)
const [batch, pushes] = counts.map(Number) as [number, number]
const agent = new Agent({ keepAlive: true })
let conflicts = 0

const post = (store: string, body: string) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    request(`${url}/${store}/events`, { method: 'POST', agent, headers }, resolve).on('error', reject).end(body)
  })

const readHead = async (response: IncomingMessage): Promise<number> => {
  let start = ''
  for await (const chunk of response) if (start === '') start = String(chunk)
  const head = /^\{"backendId":"[^"]*","head":(\d+)/.exec(start)?.[1]
  if (head === undefined) throw new Error(start)
  return Number(head)
}

const push = async (store: string, writer: number, parent: number): Promise<number> => {
  const events = batchAfter(parent, writer, batch)
  const response = await post(store, JSON.stringify({ parent, mayRenumber: true, events }))
  const head = await readHead(response)
  if (response.statusCode === 200) return head
  conflicts++
  return push(store, writer, head)
}

const write = async (store: string, writer: number): Promise<void> => {
  let head = 0
  for (let index = 0; index < pushes; index++) head = await push(store, writer, head)
}

/** @returns seconds */
const writeAll = async (store: string): Promise<number> => {
  conflicts = 0
  const start = performance.now()
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(store, writer)))
  return (performance.now() - start) / 1_000
}

await writeAll('warm-up')
const seconds = await writeAll('bench')
console.log((WRITERS * pushes * batch) / seconds, conflicts / (WRITERS * pushes))
agent.destroy()
