/** How many calls may run at the same time. */
export interface Slots {
  /** Waits for a free slot, and has it while `work` runs. */
  use<A>(work: () => Promise<A>): Promise<A>
}

export const createSlots = (count: number): Slots => {
  let free = count
  const waiting: (() => void)[] = []
  return {
    use: async (work) => {
      if (free > 0) free--
      else await new Promise<void>((resolve) => void waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else free++
      }
    },
  }
}
