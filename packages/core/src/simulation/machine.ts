/** What tabs and the service worker of one simulated device share. */
import type { Channels } from './channels.ts'
import type { Disk } from './disk.ts'
import type { SimulatedLocks } from './locks.ts'

export interface Connection {
  /** false: without a network */
  isUp: boolean
  /** requests to the object store at this moment */
  inFlight: number
}

export interface Machine {
  readonly name: string
  readonly disk: Disk
  readonly locks: SimulatedLocks
  readonly channels: Channels
  readonly connection: Connection
  /** What its browser says of the network: VPNs and firewalls make it wrong. */
  saysOnline: boolean
  /** ms that the device's clock is wrong by */
  clockOffset: number
}
