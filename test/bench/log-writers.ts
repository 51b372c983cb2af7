/** Eight devices that push to one store, in a process of their own: `log-writers.ts <url> <token>` prints how long it took. */
import { BATCH, batchAfter, PUSHES, WRITERS } from './log-batches.ts'

const [url, token] = process.argv.slice(2)

const push = async (writer: number, head: number): Promise<number> => {
  const response = await fetch(`${url}/bench/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ parent: head, events: batchAfter(head, writer) }),
  })
  const body = (await response.json()) as { readonly head: number }
  if (response.status !== 200 && response.status !== 409) throw new Error(JSON.stringify(body))
  return response.status === 409 ? push(writer, body.head) : body.head
}

const write = async (writer: number): Promise<void> => {
  let head = 0
  for (let index = 0; index < PUSHES; index++) head = await push(writer, head)
}

const start = performance.now()
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
console.log((WRITERS * PUSHES * BATCH) / ((performance.now() - start) / 1_000))
