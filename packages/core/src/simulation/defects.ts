/** Defects that the simulation must find: each is one change of the engine's source. */

export interface Defect {
  /** below core/src */
  readonly file: string
  /** stands in the file once */
  readonly from: string
  readonly to: string
}

export const DEFECTS: Readonly<Record<string, Defect>> = {
  'a file cut short on disk is uploaded under its old hash': {
    file: 'engine/transfers/upload.ts',
    from: 'if (job.blob.size !== job.size) throw corrupt()',
    to: '',
  },
  'an event is appended, and not kept in the outbox': {
    file: 'engine/log/group-commit.ts',
    from: "[...member.changes, put('outbox', rows[i]!)]",
    to: '[...member.changes]',
  },
  'the outbox is not replayed at opening': {
    file: 'engine/log/outbox.ts',
    from: 'yield* outboxPages(appendMissing)\n',
    to: '',
  },
  'a downloaded part is kept without a look at its hash': {
    file: 'engine/transfers/download.ts',
    from: 'if (!equalBytes(await digest(part), digestOfPart(digests, number))) throw mismatch()',
    to: '',
  },
}
