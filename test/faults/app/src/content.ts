/** Content by number: the same bytes in the page and in the test, different ones for each number. */

const KiB = 1_024
const MiB = 1_024 * KiB
const PART = 8 * MiB

/** Most files are small; the ends of a part matter. */
const SMALL = [0, 1, 700, 4 * KiB, 20 * KiB, 60 * KiB, 150 * KiB, 300 * KiB]
const SIZES = [...SMALL, MiB, ...SMALL, 3 * MiB, ...SMALL, PART - 1, PART, PART + 1, 2 * PART + 5]

/** Bytes in the content of this number. */
export const sizeOf = (number: number): number => SIZES[number % SIZES.length]!

/** @param size {@link sizeOf} the number when not given */
export const contentOf = (number: number, size = sizeOf(number)): Uint8Array<ArrayBuffer> => {
  const words = new Uint32Array(Math.ceil(size / 4))
  // xorshift32: fast enough for megabytes, and no two parts are alike.
  let state = Math.imul(number + 1, 0x9e3779b1) >>> 0
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return new Uint8Array(words.buffer, 0, size)
}
