/** Defects that the simulation must find: each is one change of the engine's source. */

export interface Defect {
  /** below core/src */
  readonly file: string
  /** stands in the file once */
  readonly from: string
  readonly to: string
}

export const DEFECTS: Readonly<Record<string, Defect>> = {
  'an event is appended, and not kept in the outbox': {
    file: 'engine/log/group-commit.ts',
    from: "[...member.changes, put('outbox', rows[i]!)]",
    to: '[...member.changes]',
  },
  'the outbox is not replayed at opening': {
    file: 'engine/log/outbox.ts',
    from: 'yield* outboxPages(appendMissing)\n',
    to: '\n',
  },
  'a confirmation clears events that were not confirmed': {
    file: 'engine/log/outbox.ts',
    from: 'if (opIds.delete(row.event.opId)) done.push(row)',
    to: '{ opIds.delete(row.event.opId); done.push(row) }',
  },
  'a success of any server counts as stored': {
    file: 'engine/transfers/upload.ts',
    from: "return { status: 'sent' }",
    to: "return { status: 'stored', durable: true }",
  },
  'a refused transfer is never tried again': {
    file: 'engine/transfers/transfer-row.ts',
    from: "state === 'blocked' && error?.code === 'aborted'",
    to: "state === 'blocked'",
  },
  'nobody asks the signer for what was sent': {
    file: 'engine/leadership/leader.ts',
    from: "        restarted('Checking uploads', confirmSent(epoch)),\n",
    to: '',
  },
  'the log hears nothing of what was stored': {
    file: 'engine/transfers/record-stored.ts',
    from: '? news : known).push(upload)',
    to: '? known : known).push(upload)',
  },
  'what a device lacks in object storage is not queued': {
    file: 'engine/repair/reconcile-keys.ts',
    from: "    case 'ask_signer':\n      return uploadOf(view, now)",
    to: "    case 'ask_signer':\n      return []",
  },
  'a kept version is not wanted': {
    file: 'engine/repair/reconcile-keys.ts',
    from: '.filesWithVersion(key)',
    to: '.filesWithContent(key)',
  },
  'a pin does not follow the file': {
    file: 'engine/repair/reconcile-keys.ts',
    from: 'const isPinned = fileIds.some(',
    to: 'const isPinned = [].some(',
  },
  'content on disk is not found again after the index was lost': {
    file: 'engine/repair/reconcile-disk.ts',
    from: 'for (const address of unknown) yield* learnContent(address, epoch)',
    to: '',
  },
  'a loss is never concluded': {
    file: 'engine/repair/loss.ts',
    from: "    if (compared !== 'alone') return yield* feed(key, compared, epoch)\n    yield* conclude(key, epoch)",
    to: '',
  },
  'a device that has what was lost does not send it': {
    file: 'engine/repair/reconcile-keys.ts',
    from: "if (facts.said === 'lost') return actions.includes('heal') ? 'lost_here' : 'lost'",
    to: '',
  },
  'bytes cut short on disk are served': {
    file: 'engine/files/read.ts',
    from: 'if (blob?.size === row.size) {',
    to: 'if (blob) {',
  },
  'the device does not hear of what other tabs write': {
    file: 'engine/device.ts',
    from: '        markStale(keys)\n        written.unsafeOffer(undefined)',
    to: '',
  },
  'what the signer did not find counts as stored': {
    file: 'engine/transfers/confirm-sent.ts',
    from: "item.status === 'stored' ? item : notThere()",
    to: 'item as never',
  },
  'confirmed events stay in the outbox': {
    file: 'engine/leadership/leader.ts',
    from: '        clearConfirmed(epoch),\n',
    to: '',
  },
}
