/** What the writers of the log's bench push. */
export const WRITERS = 8

/** Events a push, and pushes of each writer. The engine commits up to 100 files at once; a backlog goes out 500 at a time. */
export const BATCHES = [
  { batch: 1, pushes: 250 },
  { batch: 100, pushes: 100 },
  { batch: 500, pushes: 20 },
  { batch: 1_000, pushes: 10 },
] as const

/** Each event has the id of its commit, as the plugin gives it: so the server may number the events of a push anew. */
export const batchAfter = (head: number, writer: number, batch: number) =>
  Array.from({ length: batch }, (_, index) => ({
    name: 'v1.Noted',
    args: { id: `${writer}-${head + index}`, text: 'x'.repeat(200) },
    seqNum: head + index + 1,
    parentSeqNum: head + index,
    clientId: `writer-${writer}`,
    sessionId: `s#${writer}.${(head + index).toString(36)}`,
  }))
