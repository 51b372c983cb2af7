import { WorkerRunner } from '@livestore/utils/effect'
import { BrowserWorkerRunner } from '@livestore/utils/effect/browser'
import { Effect, Fiber, Queue, Stream } from 'effect'
import { describe, expect, it, onTestFinished } from 'vitest'
import { separatePorts } from './separate-ports.ts'

/** A state is reached within this time, or never. */
const SOON = { timeout: 20_000 }

/** Effect's runner in a global scope like that of a shared worker. A request is the name of a stream. */
const startSharedWorker = async () => {
  const streams = new Map<string, Queue.Queue<string>>()
  const streamOf = (name: string) => {
    const stream = streams.get(name) ?? Effect.runSync(Queue.unbounded<string>())
    streams.set(name, stream)
    return stream
  }
  const scope = {
    onconnect: undefined as ((event: { readonly ports: readonly MessagePort[] }) => void) | undefined,
    isClosed: false,
    addEventListener: () => {},
    removeEventListener: () => {},
    close: () => void (scope.isClosed = true),
  }
  const runner = separatePorts(BrowserWorkerRunner.make(scope as never), Effect.map, scope)
  const worker = WorkerRunner.layer((name: string) => Stream.fromQueue(streamOf(name))).pipe(
    WorkerRunner.launch,
    Effect.provideService(WorkerRunner.PlatformRunner, runner),
  )
  const fiber = Effect.runFork(worker)
  onTestFinished(() => Effect.runPromise(Fiber.interrupt(fiber)).then(() => undefined))

  await expect.poll(() => scope.onconnect, SOON).toBeDefined()

  return {
    scope,
    emit: (name: string, event: string) => streamOf(name).unsafeOffer(event),
    connect: () => connect((port) => scope.onconnect!({ ports: [port] })),
  }
}

/** A tab, by the messages of Effect's workers. */
const connect = (give: (port: MessagePort) => void) => {
  const { port1, port2 } = new MessageChannel()
  const messages: unknown[][] = []
  port1.addEventListener('message', ({ data }: MessageEvent<[number, unknown[]]>) => {
    if (data[0] === 1) messages.push(data[1])
  })
  port1.start()
  onTestFinished(() => port1.close())
  give(port2)
  return {
    messages,
    open: (id: number, stream: string) => port1.postMessage([0, [id, 0, stream]]),
    interrupt: (id: number) => port1.postMessage([0, [id, 1]]),
    close: () => port1.postMessage([1]),
  }
}

describe('the shared worker', () => {
  it('serves other tabs after an event for a tab that has closed', async () => {
    const worker = await startSharedWorker()
    const [closed, open] = [worker.connect(), worker.connect()]
    closed.open(0, 'closed')
    worker.emit('closed', 'first')
    await expect.poll(() => closed.messages, SOON).toEqual([[0, 0, ['first']]])
    closed.close()
    // Messages of all ports are handled in their order: after this request the first port is closed.
    open.open(0, 'open')
    worker.emit('open', 'first')
    await expect.poll(() => open.messages, SOON).toHaveLength(1)
    worker.emit('closed', 'second')
    worker.emit('open', 'second')
    await expect
      .poll(() => open.messages, SOON)
      .toEqual([
        [0, 0, ['first']],
        [0, 0, ['second']],
      ])
    expect(worker.scope.isClosed).toBe(false)
  })

  it('interrupts the request of the tab that asks, not one with the same id', async () => {
    const worker = await startSharedWorker()
    const [first, second] = [worker.connect(), worker.connect()]
    for (const [tab, stream] of [
      [first, 'a'],
      [second, 'b'],
    ] as const) {
      tab.open(3, stream)
      worker.emit(stream, 'event')
      await expect.poll(() => tab.messages, SOON).toEqual([[3, 0, ['event']]])
    }
    first.interrupt(3)
    await expect
      .poll(() => first.messages.map((message) => message.slice(0, 2)), SOON)
      .toEqual([
        [3, 0],
        [3, 3],
      ])
    worker.emit('b', 'later')
    await expect
      .poll(() => second.messages, SOON)
      .toEqual([
        [3, 0, ['event']],
        [3, 0, ['later']],
      ])
  })
})
