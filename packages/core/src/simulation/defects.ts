/** Defects that the simulation must find: each is one change of the engine's source. */

export interface Defect {
  /** below core/src */
  readonly file: string
  /** stands in the file once */
  readonly from: string
  readonly to: string
  /** where the test begins: a seed that found the defect */
  readonly seed: number
}

export const DEFECTS: Readonly<Record<string, Defect>> = {
  'an event is appended, and not kept in the outbox': {
    file: 'engine/log/group-commit.ts',
    from: "[...member.changes, put('outbox', rows[i]!)]",
    to: '[...member.changes]',
    seed: 23,
  },
  'the outbox is not replayed at opening': {
    file: 'engine/log/outbox.ts',
    from: 'yield* outboxPages(appendMissing)\n',
    to: '\n',
    seed: 20,
  },
  'a confirmation clears events that were not confirmed': {
    file: 'engine/log/outbox.ts',
    from: 'if (opIds.delete(row.event.opId)) done.push(row)',
    to: '{ opIds.delete(row.event.opId); done.push(row) }',
    seed: 573,
  },
  'a success of any server counts as stored': {
    file: 'engine/transfers/upload.ts',
    from: "return { status: 'sent' }",
    to: "return { status: 'stored', durable: true }",
    seed: 49,
  },
  'a refused transfer is never tried again': {
    file: 'engine/transfers/transfer-row.ts',
    from: "state === 'blocked' && error?.code === 'aborted'",
    to: "state === 'blocked'",
    seed: 23,
  },
  'nobody asks the signer for what was sent': {
    file: 'engine/leadership/leader.ts',
    from: "        restarted('Checking uploads', confirmSent(epoch)),\n",
    to: '',
    seed: 1,
  },
  'the log hears nothing of what was stored': {
    file: 'engine/transfers/record-stored.ts',
    from: '? news : known).push(upload)',
    to: '? known : known).push(upload)',
    seed: 1,
  },
  'what a device lacks in object storage is not queued': {
    file: 'engine/repair/reconcile-keys.ts',
    from: "    case 'ask_signer':\n      return uploadOf(view, now)",
    to: "    case 'ask_signer':\n      return []",
    seed: 20,
  },
  'a kept version is not wanted': {
    file: 'engine/repair/reconcile-keys.ts',
    from: '.filesWithVersion(key)',
    to: '.filesWithContent(key)',
    seed: 20,
  },
  'a pin does not follow the file': {
    file: 'engine/repair/reconcile-keys.ts',
    from: 'const isPinned = fileIds.some(',
    to: 'const isPinned = [].some(',
    seed: 1,
  },
  'content on disk is not found again after the index was lost': {
    file: 'engine/repair/reconcile-disk.ts',
    from: 'else yield* learnContent(address, epoch)',
    to: '',
    seed: 10,
  },
  'a loss is never concluded': {
    file: 'engine/repair/loss.ts',
    from: "    if (compared !== 'alone') return yield* feed(key, compared, epoch)\n    yield* conclude(key, epoch)",
    to: '',
    seed: 54,
  },
  'a device that has what was lost does not send it': {
    file: 'engine/repair/reconcile-keys.ts',
    from: "if (facts.logState === 'lost') return actions.includes('heal') ? 'lost_here' : 'lost'",
    to: '',
    seed: 54,
  },
  'bytes cut short on disk are served': {
    file: 'engine/files/read.ts',
    from: 'if (blob?.size === row.size) {',
    to: 'if (blob) {',
    seed: 51,
  },
  'the device does not hear of what other tabs write': {
    file: 'engine/device.ts',
    from: '        markStale(keys)\n        written.unsafeOffer(undefined)',
    to: '',
    seed: 84,
  },
  'what the signer did not find counts as stored': {
    file: 'engine/transfers/confirm-sent.ts',
    from: "item.status === 'stored' ? item : notThere()",
    to: 'item as never',
    seed: 32,
  },
  'confirmed events stay in the outbox': {
    file: 'engine/leadership/leader.ts',
    from: "        restarted('Clearing confirmed changes', clearConfirmed(epoch)),\n",
    to: '',
    seed: 0,
  },
  'a disk failure in a commit counts as durable': {
    file: 'engine/log/group-commit.ts',
    from: "if (written._tag === 'Left') {",
    to: "if (written._tag === 'Left' && written.left.code !== 'disk_failed') {",
    seed: 170,
  },
  'a part that arrives is not checked': {
    file: 'engine/transfers/read-pieces.ts',
    from: 'if (!(await isRight!(number, bytes))) throw mismatch()',
    to: '',
    seed: 7,
  },
  'a part that begins with fragments is not checked': {
    file: 'engine/transfers/piece-fetch.ts',
    from: 'if (await isRight(number, into)) return true',
    to: 'return true',
    seed: 528,
  },
  'a stall never ends an attempt': {
    file: 'engine/transfers/attempt.ts',
    from: 'return yield* Effect.fail(stalled())',
    to: 'return yield* Effect.never',
    seed: 6,
  },
  'rows of content that is gone from the disk stay': {
    file: 'engine/repair/reconcile-disk.ts',
    from: 'for (const address of gone) yield* forgetContent(address, epoch)',
    to: '',
    seed: 39,
  },
  'an add that fails leaves its bytes': {
    file: 'engine/files/store-content.ts',
    from: 'Effect.andThen(() => (written === undefined ? Effect.void : released(written))),',
    to: '',
    seed: 21,
  },
  'a write of an older leader is not refused': {
    file: 'memory/local-index.ts',
    from: 'newest > epoch',
    to: 'newest > epoch + 1_000',
    seed: 963,
  },
  'a leader that hangs is not replaced': {
    file: 'engine/leadership/heartbeat.ts',
    from: "if (heard()) return 'alive'",
    to: "return 'alive'",
    seed: 13,
  },
  'a leader that failed never leads again': {
    file: 'engine/leadership/leader.ts',
    from: "Effect.andThen(Effect.sync(() => dispatch('rested', self))),",
    to: 'Effect.andThen(Effect.never),',
    seed: 1,
  },
  'what a tab that died left in the outbox is not appended by the leader': {
    file: 'engine/log/outbox.ts',
    from: 'yield* appendMissing(rows.filter((row) => row !== undefined))',
    to: '',
    seed: 33,
  },
  'an event leaves the outbox when it is appended': {
    file: 'engine/log/group-commit.ts',
    from: 'yield* Deferred.succeed(member.done, file)',
    to: "yield* Effect.ignoreLogged(device.write([remove('outbox', rows[i]!.id)]))\n          yield* Deferred.succeed(member.done, file)",
    seed: 15,
  },
  'a lane whose transfer could not be noted is never given back': {
    file: 'engine/transfers/queue.ts',
    from: 'Effect.sleep(UNRECORDED_END_WAIT)',
    to: 'Effect.never',
    seed: 28,
  },
  "the browser's word on the network is believed": {
    file: 'engine/transfers/queue.ts',
    from: 'dueIn: (row) => times.dueIn(row, now),',
    to: 'dueIn: (row) => (page.isOnline() ? times.dueIn(row, now) : 3_600_000),',
    seed: 6,
  },
  'the service worker keeps files that were removed': {
    file: 'engine/log/consume-changes.ts',
    from: "return row ? [remove('files', id)] : []",
    to: 'return []',
    seed: 1,
  },
  'connections have no limit': {
    file: 'engine/transfers/budget-plan.ts',
    from: "const isFree = open.file + open.part < connections && (need.kind === 'file' || open.part < connections - 1)",
    to: 'const isFree = true || connections',
    seed: 69,
  },
  'a wait trusts a clock that was ahead': {
    file: 'engine/transfers/retry-times.ts',
    from: 'return Math.min(Math.max(0, notBefore - wall), longest)',
    to: 'return Math.max(0, notBefore - wall)',
    seed: 242,
  },
  'content that nothing names stays on the disk': {
    file: 'engine/repair/reconcile-disk.ts',
    from: 'if (named?.has(address) === false) yield* discardUnnamed(address)',
    to: 'if (named?.has(address) === false) continue',
    seed: 65,
  },
}
