/** Batches: many questions in one call. One bad item fails alone. */
import type { BatchItem } from '@rockpool/protocol'
import { toWireError } from './errors.ts'

/** Items in a batch (signer HTTP contract). */
export const LARGEST_BATCH = 100

/** Questions to the storage under way at a time, of one batch. */
const AT_ONCE = 10

/** The answers in the order of the items. */
export const answerBatch = async <I, A>(
  items: readonly I[],
  answer: (item: I) => Promise<A>,
): Promise<BatchItem<A>[]> => {
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
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return answers
}
