/** Collects the body of a response, no more than it may have. */
import type { Chunks } from '../chunks.ts'

export class ResponseBody {
  readonly #chunks: Uint8Array<ArrayBuffer>[] = []
  readonly #announced: number | undefined
  readonly #maxLength: number
  #length = 0

  /**
   * @param announced Content-Length, in bytes; undefined when the response does not have it
   * @param maxLength in bytes
   * @throws TypeError when more is announced: a proxy that ignores ranges sends the whole artifact
   */
  constructor(announced: number | undefined, maxLength: number) {
    this.#announced = announced
    this.#maxLength = maxLength
    if (announced !== undefined && announced > maxLength) throw this.#tooLong(announced)
  }

  /** @throws TypeError when the body gets too long */
  add(chunk: Uint8Array<ArrayBuffer>): void {
    this.#length += chunk.length
    if (this.#length > this.#maxLength) throw this.#tooLong(this.#length)
    this.#chunks.push(chunk)
  }

  /** The whole body. @throws TypeError when it is shorter than announced */
  finish(): Chunks {
    if (this.#length < (this.#announced ?? 0)) throw new TypeError('The response ended before its last byte.')
    return this.#chunks
  }

  #tooLong(length: number): TypeError {
    return new TypeError(`The response has ${length} bytes, at most ${this.#maxLength} were expected.`)
  }
}
