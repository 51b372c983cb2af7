/** For tests: actors whose calls are made one at a time, in the order that the test says. */

/** Makes a call when its actor's turn has come. */
export type Turn = <A>(call: () => A, kind?: string) => Promise<A>

export class Turns {
  /** actors by name, each with the kind of its next call */
  readonly waiting = new Map<string, { readonly go: () => void; readonly kind: string | undefined }>()
  #running = 0
  #idle: (() => void) | undefined

  start(name: string, act: (turn: Turn) => Promise<void>): Promise<void> {
    this.#running++
    const turn: Turn = async (call, kind) => {
      await new Promise<void>((go) => {
        this.waiting.set(name, { go, kind })
        this.#rest()
      })
      return call()
    }
    return act(turn).finally(() => this.#rest())
  }

  /** Lets one actor make its call, and comes back when all wait again or have ended. */
  async give(name: string): Promise<void> {
    const idle = new Promise<void>((resolve) => (this.#idle = resolve))
    const { go } = this.waiting.get(name)!
    this.waiting.delete(name)
    this.#running++
    go()
    await idle
  }

  #rest() {
    if (--this.#running === 0) this.#idle?.()
  }
}
