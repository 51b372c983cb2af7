/** BroadcastChannels of one simulated device: messages reach the other tabs late. */
import type { PlatformChannel } from '../platform/platform.ts'
import type { Environment } from './environment.ts'
import type { Process } from './scheduler.ts'

export interface Channels {
  open(process: Process, name: string): PlatformChannel
}

export const makeChannels = (world: Environment): Channels => {
  const open = new Map<string, { readonly process: Process; readonly channel: PlatformChannel }[]>()
  return {
    open(process, name) {
      const channel: PlatformChannel = {
        onmessage: null,
        postMessage(data: unknown) {
          for (const other of open.get(name) ?? []) {
            if (other.channel === channel) continue
            world.scheduler.schedule(other.process, `message ${name}`, world.delay(3), () =>
              (other.channel.onmessage as ((event: { data: unknown }) => void) | null)?.({
                data: structuredClone(data),
              }),
            )
          }
        },
        close() {
          open.set(
            name,
            (open.get(name) ?? []).filter((other) => other.channel !== channel),
          )
        },
      }
      open.set(name, [...(open.get(name) ?? []), { process, channel }])
      return channel
    },
  }
}
