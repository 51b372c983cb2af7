/** `rockpool-signer gc`, and the hourly job inside `serve`. */
import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { ObjectStore } from '@rockpool/object-store'
import { refusal } from '../errors.ts'
import { collect, type CollectReport } from './collect.ts'
import type { LiveSets } from './live-set.ts'
import { DEFAULT_RULES, SHORTEST_SAFE_GRACE_MS } from './verdict.ts'

const HOUR_MS = 60 * 60 * 1000

export interface GcFlags {
  readonly dryRun: boolean
  readonly accept: boolean
  readonly graceMs: number
}

/**
 * The flags of `rockpool-signer gc`.
 *
 * @throws RockpoolError `bad_request` for a grace below 24 hours without `--force`; the parser's error for unknown flags
 */
export const readGcFlags = (args: readonly string[]): GcFlags => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'dry-run': { type: 'boolean', default: false },
      accept: { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
      grace: { type: 'string' },
    },
  })
  const graceMs = values.grace === undefined ? DEFAULT_RULES.graceMs : readDuration(values.grace)
  if (graceMs < SHORTEST_SAFE_GRACE_MS && !values.force) {
    throw refusal(
      'bad_request',
      '--grace: below 24h, contents of devices that are offline for a day are lost. Add --force if you mean it.',
    )
  }
  return { dryRun: values['dry-run'], accept: values.accept, graceMs }
}

const readDuration = (text: string): number => {
  const match = /^(\d{1,5})([hd])$/.exec(text)
  if (!match) throw refusal('bad_request', '--grace: write hours or days, such as 36h or 7d.')
  return Number(match[1]) * HOUR_MS * (match[2] === 'd' ? 24 : 1)
}

/**
 * The event logs' side: the module that `ROCKPOOL_LIVE_SET` names, whose default export is a `LiveSets`.
 *
 * @throws RockpoolError `bad_request` when it is none
 */
export const loadLiveSets = async (path: string): Promise<LiveSets> => {
  const url = pathToFileURL(isAbsolute(path) ? path : resolve(path)).href
  const loaded = (await import(url).catch((cause: unknown) => {
    throw refusal('bad_request', `ROCKPOOL_LIVE_SET: the module ${path} cannot be loaded.`, { cause })
  })) as { readonly default?: Partial<LiveSets> }
  const { default: sets } = loaded
  if (![sets?.storeIds, sets?.read, sets?.reportLost].every((method) => typeof method === 'function')) {
    throw refusal(
      'bad_request',
      `ROCKPOOL_LIVE_SET: the default export of ${path} needs storeIds, read and reportLost.`,
    )
  }
  return sets as LiveSets
}

/** Collects in each store in turn, and tells how it went. One that fails leaves the others alone. */
export const collectAll = async (
  store: ObjectStore,
  liveSets: LiveSets,
  { dryRun, accept, graceMs }: GcFlags,
  signal: AbortSignal,
  /** `*`: of all stores */
  tell: (storeId: string, outcome: CollectReport | Error) => void,
): Promise<void> => {
  const failed = (storeId: string, error: unknown) => {
    signal.throwIfAborted()
    tell(storeId, error instanceof Error ? error : new Error(String(error)))
    return []
  }
  for (const storeId of await liveSets.storeIds(signal).catch((error: unknown) => failed('*', error))) {
    try {
      const rules = { ...DEFAULT_RULES, graceMs }
      tell(storeId, await collect({ store, liveSets, storeId, rules, dryRun, accept, signal }))
    } catch (error) {
      failed(storeId, error)
    }
  }
}

/** Collects every hour, the first time an hour from now; never two runs at once. Stops with the signal. */
export const collectHourly = (run: () => Promise<void>, signal: AbortSignal): void => {
  let running = false
  const timer = setInterval(() => {
    if (running) return
    running = true
    void run()
      .catch(() => {})
      .finally(() => (running = false))
  }, HOUR_MS)
  // It keeps no process alive.
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
