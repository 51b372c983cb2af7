/** A process with 20 requests at once, one of them with a large input. Prints the most memory that it took, in bytes. */
import { createArtifacts, readEnvironment } from '../index.ts'

const REQUESTS = 20
/** Bytes of the inputs of all requests but one. */
const SMALL = 12 * 1024 * 1024

const large = Number(process.argv[2])
const artifacts = createArtifacts(readEnvironment(process.env))

/** Chunks as a socket or a file gives them, each another one. */
async function* chunksOf(size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < size; at += 65_536) {
    const chunk = new Uint8Array(Math.min(65_536, size - at))
    new DataView(chunk.buffer).setFloat64(0, at)
    yield chunk
  }
}

const drain = async (body: AsyncIterable<Uint8Array>): Promise<void> => {
  for await (const _ of body);
}

await Promise.all(
  Array.from({ length: REQUESTS }, async (_, i) => {
    const requestId = crypto.randomUUID()
    const ref = await artifacts.put(
      { requestId, stage: 'input', name: 'original.mp4' },
      chunksOf(i === 0 ? large : SMALL),
    )
    const { body } = await artifacts.get(ref)
    if (i === 0) return drain(body!)
    const copy = await artifacts.put({ requestId, stage: 'copy', name: 'copy.mp4' }, body!)
    if (copy.address !== ref.address) throw new Error('The copy has other bytes.')
  }),
)
console.log(process.resourceUsage().maxRSS * 1024)
