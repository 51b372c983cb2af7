/** What a person does with a file. */
import { type FileRecord, isRockpoolError, type Pool } from 'rockpool'
import { contentOf } from './content.ts'
import { NotServed, readFile, type Reading, type Served } from './read.ts'

export type ActionName =
  | 'add'
  | 'addStream'
  | 'addMany'
  | 'replace'
  | 'rename'
  | 'remove'
  | 'restore'
  | 'pin'
  | 'unpin'
  | 'retry'
  | 'pause'
  | 'resume'
  | Reading

export interface ActionChoice {
  /** which content is written */
  readonly content: number
  /** which of the files that are there: 0 (inclusive) to 1 (exclusive) */
  readonly file: number
}

/** A change whose promise resolved: from then on no crash may lose it. */
export interface Acknowledged {
  readonly id: string
  readonly remoteKey: string
  /** The content was written on this device; a rename needs none. */
  readonly wrote: boolean
}

export type ActionResult =
  | { readonly kind: 'done'; readonly acknowledged: readonly Acknowledged[]; readonly served?: Served }
  /** an error that faults may cause */
  | { readonly kind: 'failed'; readonly code: string }
  /** an error that nothing may cause */
  | { readonly kind: 'broken'; readonly message: string }

export const act = async (pool: Pool, name: ActionName, choice: ActionChoice): Promise<ActionResult> => {
  try {
    return { kind: 'done', acknowledged: [], ...(await ACTIONS[name](pool, choice)) }
  } catch (error) {
    if (isRockpoolError(error)) return { kind: 'failed', code: error.code }
    // fetch: a service worker that ends, and a reader that left.
    if (error instanceof NotServed || error instanceof TypeError || isAbort(error))
      return { kind: 'failed', code: String(error).slice(0, 80) }
    return { kind: 'broken', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && (error.name === 'AbortError' || error.name === 'TimeoutError')

type Action = (
  pool: Pool,
  choice: ActionChoice,
) => Promise<{ readonly acknowledged?: readonly Acknowledged[]; readonly served?: Served } | void>

const MANY = 8

const blobOf = (number: number): Blob => new Blob([contentOf(number)])

const acknowledged = (wrote: boolean, ...files: readonly FileRecord[]) => ({
  acknowledged: files.map(({ id, remoteKey }) => ({ id, remoteKey, wrote })),
})

/** Runs `use` with one of the live files, if there is any. */
const withFile =
  (use: (pool: Pool, file: FileRecord, choice: ActionChoice) => ReturnType<Action>): Action =>
  async (pool, choice) => {
    const files = pool.files.list({ limit: Number.MAX_SAFE_INTEGER })
    const file = files[Math.floor(choice.file * files.length)]
    return file && use(pool, file, choice)
  }

const read = (how: Reading): Action => withFile(async (pool, file) => ({ served: await readFile(pool, how, file) }))

/** Files that this page has removed: another one knows them by the log only. */
const removed: string[] = []

const ACTIONS: Readonly<Record<ActionName, Action>> = {
  add: async (pool, { content }) =>
    acknowledged(true, await pool.add(blobOf(content), { name: `${content}.bin`, type: 'application/octet-stream' })),
  addStream: async (pool, { content }) =>
    acknowledged(true, await pool.add(blobOf(content).stream(), { name: `${content}.stream` })),
  addMany: async (pool, { content }) => {
    const numbers = Array.from({ length: MANY }, (_, offset) => content + offset)
    return acknowledged(
      true,
      ...(await Promise.all(numbers.map((number) => pool.add(blobOf(number), { name: `${number}.many` })))),
    )
  },
  replace: withFile(async (pool, { id }, { content }) => acknowledged(true, await pool.replace(id, blobOf(content)))),
  rename: withFile(async (pool, { id }, { content }) =>
    acknowledged(false, await pool.rename(id, `renamed ${content}.bin`)),
  ),
  remove: withFile(async (pool, { id }) => {
    await pool.remove(id)
    removed.push(id)
  }),
  restore: async (pool, { file }) => {
    const id = removed[Math.floor(file * removed.length)]
    if (id !== undefined) return acknowledged(false, await pool.restore(id))
  },
  pin: withFile((pool, { id }) => pool.pin(id)),
  unpin: withFile((pool, { id }) => pool.unpin(id)),
  retry: withFile((pool, { id }) => pool.transfers.retry(id)),
  pause: (pool) => pool.transfers.pause(),
  resume: (pool) => pool.transfers.resume(),
  open: read('open'),
  stream: read('stream'),
  fetch: read('fetch'),
}
