/** A WebSocket class over the simulated network, as far as the provider uses one. */
import type { Network, Socket } from './network.ts'
import type { Process } from './process.ts'

export const makeFakeSocket = (network: Network, device: number, process: Process): typeof WebSocket => {
  class FakeSocket {
    readonly OPEN = 1
    readyState = 1
    onopen: unknown = null
    onerror: unknown = null
    onclose: ((event: { code: number; reason: string }) => void) | null = null
    onmessage: ((event: { data: string }) => void) | null = null
    readonly #socket: Socket

    constructor(url: string) {
      this.#socket = network.connect(device, Number(url.split('since=')[1]), {
        onMessage: (data) => {
          process.after(0, 'reads a message', () => this.onmessage?.({ data }))
        },
        onClose: (code) => {
          this.readyState = 3
          process.after(0, 'learns that the socket closed', () => this.onclose?.({ code, reason: '' }))
        },
      })
    }

    send(message: string): void {
      this.#socket.send(message)
    }

    close(): void {
      this.readyState = 3
      this.#socket.close()
    }

    addEventListener(): void {}
  }
  return FakeSocket as never
}
