/** What happened in a world, for the message of a failure; and the first rule that was broken. */

export interface Journal {
  note(who: string, what: string): void
  /** Counts what happens often. */
  count(what: string): void
  /** A rule is broken. The first one counts. */
  fail(message: string): void
  readonly failure: string | undefined
  readonly lines: readonly string[]
  readonly counts: ReadonlyMap<string, number>
}

/** @param show gets each line as it comes */
export const createJournal = (show: (line: string) => void = () => {}): Journal => {
  const start = performance.now()
  const lines: string[] = []
  const counts = new Map<string, number>()
  let failure: string | undefined
  const note = (who: string, what: string) => {
    const line = `${((performance.now() - start) / 1_000).toFixed(1).padStart(6)} s ${who}: ${what}`
    lines.push(line)
    show(line)
  }
  return {
    note,
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    fail: (message) => {
      failure ??= message
      note('RULE BROKEN', message)
    },
    get failure() {
      return failure
    },
    lines,
    counts,
  }
}
