/** The decision of `append`, from plain data: which events of a push are new, and whether they fit. */

export interface Push {
  /** the number before the first pushed event */
  readonly parent: number
  /** head of the log */
  readonly head: number
  /** hashes of the pushed events */
  readonly pushed: readonly string[]
  /** hashes of the events that the log holds from `parent + 1` on, as many as were pushed or as there are */
  readonly stored: readonly string[]
}

export type AppendPlan =
  | { readonly kind: 'append'; readonly firstNew: number }
  | { readonly kind: 'conflict'; readonly common: number }
  | { readonly kind: 'parent_ahead' }

export const planAppend = ({ parent, head, pushed, stored }: Push): AppendPlan => {
  if (parent > head) return { kind: 'parent_ahead' }
  const held = Math.min(stored.length, pushed.length)
  let same = 0
  while (same < held && stored[same] === pushed[same]) same++
  return same === held ? { kind: 'append', firstNew: same } : { kind: 'conflict', common: parent + same }
}
