/** A device as the contract describes it: it keeps the events it has seen, and heals by pulling. */
import type { LogEvent } from '../event-log/event.ts'
import { eventsAfter, toWire } from './events.ts'
import type { HttpClient } from './http-client.ts'
import type { LiveMessage } from './live-client.ts'

export class Device {
  /** args of the events, by number - 1 */
  readonly values: unknown[] = []
  readonly #http: HttpClient

  constructor(http: HttpClient) {
    this.#http = http
  }

  get head(): number {
    return this.values.length
  }

  /** Applies what follows its head; a message that does not fit makes it pull. */
  async receive({ since = 0, head, events = [] }: LiveMessage): Promise<void> {
    if (since <= this.head) this.#apply(events)
    if (head > this.head) await this.pull()
  }

  async pull(): Promise<void> {
    for (;;) {
      const { body } = await this.#http.events(`?since=${this.head}`)
      this.#apply(body.events)
      if (body.head <= this.head) return
    }
  }

  /** Appends values as one push; when others were first, applies theirs and numbers its own again. */
  async push(values: readonly unknown[]): Promise<void> {
    for (;;) {
      const events: LogEvent[] = eventsAfter(this.head, ...values)
      const { status, body, text } = await this.#http.push(this.head, events)
      if (status === 200) return this.#apply(events.map(toWire))
      if (status !== 409) throw new Error(text)
      this.#apply(body.events)
    }
  }

  #apply(events: readonly { readonly seqNum: number; readonly args?: unknown }[]): void {
    for (const { seqNum, args } of events) {
      if (seqNum === this.head + 1) this.values.push((args as { readonly value: unknown }).value)
    }
  }
}
