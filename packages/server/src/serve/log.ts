/** The log of the server: one JSON line each, on standard output. */

export interface Log {
  /** Adds the time. */
  entry(fields: object): void
  /** A whole line with its line break. */
  line(line: string): void
}

export const createLog = (write: (line: string) => void, now: () => Date = () => new Date()): Log => ({
  entry: (fields) => write(`${JSON.stringify({ time: now().toISOString(), ...fields })}\n`),
  line: write,
})

/** For the operator: the error and its causes in one text. */
export const describeError = (error: unknown): string => {
  const texts: string[] = []
  for (let at: unknown = error; at instanceof Error && texts.length < 4; at = at.cause) texts.push(at.message)
  return texts.join(' < ') || String(error)
}
