/** The decision of `append`, from plain data: which events of a push are new, and whether they fit. */

export interface Push<E> {
  /** the number before the first pushed event */
  readonly parent: number
  /** head of the log */
  readonly head: number
  readonly pushed: readonly E[]
  /** the events that the log holds from `parent + 1` on, as many as were pushed or as there are */
  readonly stored: readonly E[]
  readonly isSame: (pushed: E, stored: E) => boolean
}

export type AppendPlan =
  | { readonly kind: 'append'; readonly firstNew: number }
  | { readonly kind: 'conflict'; readonly common: number }
  | { readonly kind: 'parent_ahead' }

export const planAppend = <E>({ parent, head, pushed, stored, isSame }: Push<E>): AppendPlan => {
  if (parent > head) return { kind: 'parent_ahead' }
  const held = Math.min(stored.length, pushed.length)
  let same = 0
  while (same < held && isSame(pushed[same]!, stored[same]!)) same++
  return same === held ? { kind: 'append', firstNew: same } : { kind: 'conflict', common: parent + same }
}
