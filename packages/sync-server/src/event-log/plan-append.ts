/** The decision of `append`, from plain data: which events of a push are new, and whether they fit. */

export interface Push<E> {
  /** the number before the first pushed event */
  readonly parent: number
  /** head of the log */
  readonly head: number
  readonly pushed: readonly E[]
  /** the events that the log holds from `parent + 1` on; read as far as needed */
  readonly stored: Iterable<E>
  readonly isSame: (pushed: E, stored: E) => boolean
}

export type AppendPlan =
  | { readonly kind: 'append'; readonly firstNew: number }
  | { readonly kind: 'conflict'; readonly common: number }
  | { readonly kind: 'parent_ahead' }

export const planAppend = <E>({ parent, head, pushed, stored, isSame }: Push<E>): AppendPlan => {
  if (parent > head) return { kind: 'parent_ahead' }
  let same = 0
  for (const event of stored) {
    if (same === pushed.length) break
    if (!isSame(pushed[same]!, event)) return { kind: 'conflict', common: parent + same }
    same++
  }
  return { kind: 'append', firstNew: same }
}
