/** Batches: many items in one call. A bad item fails alone. */
import type { BatchItem } from '@rockpool/protocol'
import { toWireError } from './errors.ts'

/** Items of one batch that are processed in parallel. */
const CONCURRENCY = 10

/** The results in the order of the items. */
export const runBatch = async <I, A>(items: readonly I[], answer: (item: I) => Promise<A>): Promise<BatchItem<A>[]> => {
  const answers: BatchItem<A>[] = []
  let next = 0
  const lane = async () => {
    for (let i = next++; i < items.length; i = next++) {
      answers[i] = await answer(items[i]!).catch((error: unknown) => {
        const { code, message } = toWireError(error)
        return { error: { code, message } }
      })
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
  return answers
}
