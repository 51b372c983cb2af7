/** Whether LiveStore in this thread runs with Rockpool's sync modules, which leave a mark when they are loaded. */
import { RockpoolError } from '@rockpool/protocol'

/** A global symbol: the plugin bundles the sync modules apart from this package. */
const MARK = Symbol.for('rockpool.livestore.session')

/** @throws RockpoolError `unsupported` where the sync modules were not loaded */
export const requirePlugin = (): void => {
  if ((globalThis as { readonly [MARK]?: unknown })[MARK]) return
  throw new RockpoolError(
    'unsupported',
    "LiveStore runs without Rockpool's sync modules, so devices would stop syncing: add the plugin of " +
      '@rockpool/livestore-plugin to the build (with Vite, @rockpool/vite does it), or start Node with ' +
      '--import @rockpool/livestore-plugin/register.',
  )
}
