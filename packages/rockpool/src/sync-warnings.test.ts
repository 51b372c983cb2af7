import { syncStatus, type SyncStatus } from '@rockpool/core'
import { expect, test, vi } from 'vitest'
import { warnOfSyncTrouble } from './sync-warnings.ts'

test('each reason why a device does not sync is on the console once', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const never = syncStatus('cors', 'It may not allow this origin.')
  let change: (status: SyncStatus) => void = () => {}
  const sync = {
    current: never,
    subscribe: (listener: typeof change) => {
      change = listener
      return () => {}
    },
  }
  warnOfSyncTrouble({ storeId: 'shop' as never, sync })
  change(syncStatus('connected', 'Connected.'))
  change(never)
  change(syncStatus('push_refused', 'This token may not write.'))
  expect(warn.mock.calls.flat()).toEqual([
    '[rockpool] Sync of store "shop" is stuck (cors): It may not allow this origin.',
    '[rockpool] Sync of store "shop" is refused (push_refused): This token may not write.',
  ])
})
