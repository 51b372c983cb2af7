/**
 * The mark of Rockpool's leader module. The build plugin puts that module in the place of LiveStore's leader; without it a
 * store stops syncing after some concurrent commits, with no error.
 */

/** What the provider can ask of the leader of a store. */
export interface LeaderHandle {
  /** Rereads the databases; sessions pull again. */
  restart(): void
}

const MARK = Symbol.for('rockpool.livestore.leader')

/** The leaders of this thread by store; undefined when the module is not there. */
export const leaders = (): ReadonlyMap<string, LeaderHandle> | undefined =>
  (globalThis as { [MARK]?: ReadonlyMap<string, LeaderHandle> })[MARK]

export const PLUGIN_MISSING =
  'This build lacks Rockpool’s plugin, so LiveStore runs without its fixes. Add rockpool() of @rockpool/vite or the plugin of @rockpool/livestore-plugin to your build; in Node, import @rockpool/livestore-plugin/register first.'
