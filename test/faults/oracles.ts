/** What must hold of a world once faults have ended. Pure: the states of the devices in, the first broken rule out. */
import type { DeviceState } from './app/src/device-state.ts'

export interface NamedState {
  readonly name: string
  readonly state: DeviceState
}

/** @returns why a device has not come to rest, or undefined when it has */
export const whyBusy = ({ name, state }: NamedState): string | undefined => {
  if (state.isPaused) return `the transfers of ${name} are paused`
  if (state.outbox.length > 0) return `the outbox of ${name} has ${state.outbox.join(', ')}`
  if (state.transfers.length > 0) return `the queue of ${name} has ${state.transfers.join('; ')}`
  if (state.sync.state !== 'online') return `${name} does not sync: ${JSON.stringify(state.sync)}`
  const unknown = state.wanted.find(({ isStored }) => !isStored)
  if (unknown) return `${name} does not know ${unknown.remoteKey} as stored`
  return whyDiskDiffers({ name, state })
}

/** @returns which of its bytes a device lacks */
const whyDiskDiffers = ({ name, state }: NamedState): string | undefined => {
  const disk = new Map(state.disk)
  for (const [address, size, writtenAt] of state.contents) {
    if (disk.get(address) !== size) {
      const time = new Date(writtenAt).toISOString()
      return `the index of ${name} names ${size} bytes of ${address} since ${time}, the disk has ${disk.get(address) ?? 'none'}`
    }
  }
  for (const id of state.pinned) {
    const file = state.files.find((file) => file.id === id)
    if (file && !disk.has(file.remoteKey.split('/').at(-1)!)) return `${name} lacks the pinned file ${id}`
  }
  return undefined
}

/** After a start: what pages have left that ended is removed by then. @returns what is left on the disk */
export const whyNotSwept = ({ name, state }: NamedState): string | undefined =>
  state.rubbish.length > 0 ? `${name} has left ${state.rubbish.join(', ')} on its disk` : undefined

/** @returns how the lists of two devices differ, or undefined when all are the same */
export const whyNotEqual = (devices: readonly NamedState[]): string | undefined => {
  const [first, ...others] = devices
  if (!first) return undefined
  const expected = new Map(first.state.files.map((file) => [file.id, JSON.stringify(file)]))
  for (const { name, state } of others) {
    const actual = new Map(state.files.map((file) => [file.id, JSON.stringify(file)]))
    for (const id of new Set([...expected.keys(), ...actual.keys()])) {
      if (expected.get(id) === actual.get(id)) continue
      return `${first.name} lists ${expected.get(id) ?? `no file ${id}`}, ${name} lists ${actual.get(id) ?? 'none'}`
    }
  }
  return undefined
}
