/** The webhooks of the configuration. Of several servers that share a database, one sends them at a time. */
import { describeError } from '@rockpool/signer'
import { systemClock } from '@rockpool/sync-server'
import type { PostgresDatabase } from '@rockpool/sync-server/postgres'
import { startLeasedWork } from '../../leases/lease.ts'
import type { Log } from '../../serve/log.ts'
import { type Deliveries, type DeliveriesOptions, type DeliveryFailure, startDeliveries } from './deliveries.ts'

export interface WebhooksOptions extends Omit<DeliveriesOptions, 'clock' | 'random'> {
  /** undefined: this server is the only one */
  readonly database: PostgresDatabase | undefined
  readonly log: Log
}

export const startWebhooks = async ({ database, log, report, ...options }: WebhooksOptions): Promise<Deliveries> => {
  const start = () =>
    startDeliveries({
      ...options,
      clock: systemClock,
      random: Math.random,
      report(outcome) {
        report(outcome)
        if (outcome.kind === 'failed') logFailure(log, outcome)
      },
    })
  if (!database) return start()
  const onError = (error: unknown) => log.error('webhook', { error: describeError(error) })
  return startLeasedWork({ database, name: 'webhooks', start, clock: systemClock, onError })
}

const logFailure = (log: Log, { kind: _, retryAt, ...failure }: DeliveryFailure): void =>
  log.warn('webhook', { ...failure, retryAt: new Date(retryAt).toISOString() })
