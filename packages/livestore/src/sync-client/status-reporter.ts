/** Publishes each change of status: to the pages, to the app, and in development once on the console. */
import { sameSyncStatus, type SyncStatus } from '@rockpool/core'
import { isDevelopment } from '../development.ts'
import type { SyncStatusPublisher } from './status-channel.ts'

export interface StatusReporterOptions {
  readonly storeId: string
  readonly publisher: SyncStatusPublisher
  readonly onStatus: ((status: SyncStatus, storeId: string) => void) | undefined
}

/** @returns a function to call with each status, changed or not */
export const makeStatusReporter = ({ storeId, publisher, onStatus }: StatusReporterOptions) => {
  const warned = new Set<string>()
  let current: SyncStatus | undefined
  return (status: SyncStatus): void => {
    if (current !== undefined && sameSyncStatus(current, status)) return
    current = status
    publisher.publish(status)
    onStatus?.(status, storeId)
    const { code, message } = status.reason
    if (status.state === 'online' || warned.has(code) || !isDevelopment()) return
    warned.add(code)
    console.warn(`[rockpool] Sync of store "${storeId}" is ${status.state} (${code}): ${message}`)
  }
}
