/** The end of what was opened one after another. */

/**
 * Closes in the reverse order. One that fails keeps none of the others open.
 *
 * @throws the error, or AggregateError of all, once everything is closed as far as it can be
 */
export const closeAll = async (closing: readonly (() => Promise<void>)[]): Promise<void> => {
  const errors: unknown[] = []
  for (const close of closing.toReversed()) {
    try {
      await close()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join('; '))
}
