/** Many writers; lost and doubled messages. */
import { describe, expect, it } from 'vitest'
import { Device } from './device.ts'
import { eventsAfter } from './events.ts'
import type { LiveMessage } from './live-client.ts'
import type { Subject } from './server-suite.ts'
import { openStore, type TestStore } from './stores.ts'

const PUSHES = 1_000

export const concurrencyCases = (subject: Subject): void => {
  /** Feeds a device from a WebSocket until its head is `head`; `deliver` may lose or repeat messages. */
  const follow = async (
    store: TestStore,
    device: Device,
    head: number,
    deliver: (message: LiveMessage, count: number) => readonly LiveMessage[] = (message) => [message],
  ): Promise<void> => {
    const live = await store.live()
    for (let count = 0; device.head < head; count++) {
      for (const message of deliver(await live.next(), count)) await device.receive(message)
    }
    live.close()
  }

  describe('many devices', () => {
    it('store each event of two writers once, numbered without a gap, and all devices agree', async () => {
      const store = await openStore(subject())
      const readers = [new Device(store), new Device(store)]
      const reading = [
        follow(store, readers[0]!, PUSHES),
        // Loses every third message, and gets every fifth twice. The last one arrives.
        follow(store, readers[1]!, PUSHES, (message, count) => {
          if (message.head === PUSHES) return [message]
          return count % 3 === 0 ? [] : count % 5 === 0 ? [message, message] : [message]
        }),
      ]
      const writers = ['a', 'b'].map(async (name) => {
        const device = new Device(store)
        for (let count = 0; count < PUSHES / 2; count++) await device.push([`${name}${count}`])
        return device
      })
      const devices = await Promise.all(writers)
      await Promise.all(reading)
      for (const device of devices) await device.pull()

      const [{ values }] = devices as [Device]
      for (const device of [...devices, ...readers]) expect(device.values).toEqual(values)
      const expected = [...valuesOf('a'), ...valuesOf('b')]
      expect(values.toSorted()).toEqual(expected.toSorted())
      for (const name of ['a', 'b'])
        expect(values.filter((value) => String(value).startsWith(name))).toEqual(valuesOf(name))
    })

    it('need one request for each push when these may get other numbers', async () => {
      const store = await openStore(subject())
      const write = async (name: string) => {
        for (let count = 0, head = 0; count < 50; count++) {
          const [event] = eventsAfter(head, `${name}${count}`)
          const pushed = [{ ...event!, sessionId: `tab#${name}.${count}` }]
          const { status, body } = await store.push(head, pushed, { mayRenumber: true })
          expect(status).toBe(200)
          // What this writer lacks, its own event last or among the events of others.
          if (body.events) expect(body.events.map(({ args }) => args?.value)).toContain(`${name}${count}`)
          head = body.head
        }
      }
      await Promise.all(['a', 'b', 'c'].map(write))
      const values = (await store.events()).body.events.map(({ args }) => String(args?.value))
      for (const name of ['a', 'b', 'c']) {
        expect(values.filter((value) => value.startsWith(name))).toEqual(valuesOf(name).slice(0, 50))
      }
      expect(values).toHaveLength(150)
    })

    it('converge when half of the responses to their pushes are lost', async () => {
      const store = await openStore(subject())
      const write = async (name: string) => {
        const device = new Device(store)
        for (let count = 0; count < 30; count++) {
          const value = `${name}${count}`
          // Its response is not looked at: the device pushes the same event again, at the same number.
          if (count % 2 === 0) await store.push(device.head, eventsAfter(device.head, value))
          await device.push([value])
        }
        return device
      }
      const devices = await Promise.all(['a', 'b'].map(write))
      for (const device of devices) await device.pull()
      expect(devices[0]!.values).toEqual(devices[1]!.values)
      expect(new Set(devices[0]!.values).size).toBe(60)
      expect(devices[0]!.values).toHaveLength(60)
    })
  })
}

const valuesOf = (name: string): string[] => Array.from({ length: PUSHES / 2 }, (_, index) => `${name}${index}`)
