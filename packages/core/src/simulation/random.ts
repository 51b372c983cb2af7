/** Random numbers from a seed (mulberry32): the same seed gives the same simulation. */

export interface Random {
  /** in [0, 1) */
  readonly next: () => number
  /** an integer from `min` to `max` */
  readonly int: (min: number, max: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(items: readonly A[]) => A
}

export const makeRandom = (seed: number): Random => {
  let state = Math.imul(seed + 1, 0x9e3779b1)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return { next, int, chance: (probability) => next() < probability, pick: (items) => items[int(0, items.length - 1)]! }
}
