/**
 * Appends to three logs side by side, so that whatever else this machine does slows all of them: alone, behind the gate, and with
 * the read model, too. In a process of its own, since Vitest's modules call each other through getters, which the gate's many small
 * functions pay for. Prints the figures.
 *
 *     node --conditions=@rockpool/source append-process.ts
 */
import { DEFAULT_BUCKETS, ownerOf } from '@rockpool/protocol'
import { judgePush } from '../../packages/sync-server/src/gate/judge-push.ts'
import { batchAfter, openLog, percentile } from './file-log.ts'

const PUSH = 100
/** Servers run for days: the first pushes are not measured. */
const WARM_UP = 100
const PUSHES = 400

const KINDS = ['alone', 'with the gate', 'with both'] as const
type Kind = (typeof KINDS)[number]

const claims = { sub: 'ada', stores: { shop: ['read', 'write', 'delete'] } } as const
const pusher = { claims, owner: await ownerOf('ada'), storeId: 'shop', buckets: DEFAULT_BUCKETS }

await using logs = new AsyncDisposableStack()
const appendTo = async (kind: Kind) => {
  const { log } = logs.use(await openLog({ readModel: kind === 'with both' }))
  const [times, cpus, groups]: [number[], number[], number[]] = [[], [], []]
  const append = async (head: number) => {
    const { args, events } = batchAfter(head, PUSH)
    const before = process.cpuUsage()
    const start = performance.now()
    const judged = events.map((event, index) => ({ event, args: args[index], defect: undefined }))
    const check = (firstNew: number, usage: { readonly events: number; readonly bytes: number }) =>
      judgePush({ pusher }, judged, firstNew, usage).taken
    const result = await log.append(head, events, { sub: 'ada', at: 1, ...(kind !== 'alone' && { check }) })
    const stored = performance.now()
    if (result.kind !== 'appended' || result.taken !== PUSH) throw new Error(`The push was not taken: ${result.kind}`)
    // As between two requests: the background applies what waits.
    await new Promise((resolve) => void setTimeout(resolve, 0))
    if (head < WARM_UP * PUSH) return
    times.push(stored - start)
    groups.push(performance.now() - stored)
    const { user, system } = process.cpuUsage(before)
    cpus.push((user + system) / 1_000)
  }
  return { append, times, cpus, groups }
}

const kinds = new Map<Kind, Awaited<ReturnType<typeof appendTo>>>()
for (const kind of KINDS) kinds.set(kind, await appendTo(kind))
for (let push = 0; push < WARM_UP + PUSHES; push++) for (const { append } of kinds.values()) await append(push * PUSH)

const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length
const figures = {
  median: (kind: Kind) => percentile(kinds.get(kind)!.times, 0.5),
  mean: (kind: Kind) => mean(kinds.get(kind)!.times),
  cpu: (kind: Kind) => mean(kinds.get(kind)!.cpus),
}
for (const [figure, of] of Object.entries(figures)) {
  const ratios = (['with the gate', 'with both'] as const).map(
    (kind) => `${kind} ${of(kind).toFixed(2)} ms = ${(of(kind) / of('alone')).toFixed(2)}`,
  )
  console.log(`append of ${PUSH} files, ${figure}: alone ${of('alone').toFixed(2)} ms, ${ratios.join(', ')}`)
}
console.log(`the longest group in the background takes ${Math.max(...kinds.get('with both')!.groups).toFixed(0)} ms`)
