/** What the writers of the log's bench push: batches as large as the engine's group commit makes them. */
export const WRITERS = 8
export const PUSHES = 25
export const BATCH = 100

export const batchAfter = (head: number, writer: number) =>
  Array.from({ length: BATCH }, (_, index) => ({
    name: 'v1.Noted',
    args: { id: `${writer}-${head + index}`, text: 'x'.repeat(200) },
    seqNum: head + index + 1,
    parentSeqNum: head + index,
    clientId: `writer-${writer}`,
    sessionId: 's',
  }))
