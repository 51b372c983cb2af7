/**
 * Imports the files that livestore-filesync left on this device, so that none is downloaded again.
 *
 * Its address is the SHA-256 of the whole file. Up to one part that is our address, too: the bytes get into the blob store
 * and the index as a download does, under the key that their record has. Larger content gets an address and a key of ours, by
 * an event that replaces it. With two kinds of addresses for it, no reader could verify a part of it by itself.
 */
import {
  addressOfKey,
  type ContentAddress,
  isLegacyKey,
  parseLegacyUrl,
  type RemoteKey,
  RockpoolError,
} from '@rockpool/protocol'
import { Effect, Either } from 'effect'
import type { LegacyFolder } from '../../legacy-folder.ts'
import type { ImportOptions, ImportReport } from '../../pool.ts'
import { Device } from '../device.ts'
import { underLock } from '../leadership/locks.ts'
import { BlobPort, callPort, LogPort, Platform, Settings } from '../services.ts'
import { hashOnDisk } from './hash-on-disk.ts'
import { recordLeft, storeMatching, storeOnePart } from './import-content.ts'
import { planImport } from './import-plan.ts'
import { quarantine } from './quarantine.ts'
import { replaceLegacy } from './replace-legacy.ts'

/** While one file is hashed and written, others are read. Each takes up to two parts of memory. */
const FILES_AT_ONCE = 3

/** Safe to stop and to run again at any time: old files stay, unless `removeImported` says otherwise. */
export const importLegacy = (folder: LegacyFolder, { removeImported = false, onProgress }: ImportOptions) =>
  Effect.gen(function* () {
    // A page may have died after it had moved a file, and before the index had it.
    const blobs = yield* BlobPort
    const onDisk = new Set((yield* callPort(() => blobs.list())).map(({ address }) => address))
    for (const { remoteKey } of yield* missingFiles) {
      if (onDisk.has(addressOfKey(remoteKey))) yield* recordLeft(remoteKey)
    }
    const hashes = yield* callPort(() => folder.hashes())
    let done = 0
    const importOne = (hash: string) =>
      Effect.gen(function* () {
        // The leader may append what an earlier import left in the outbox: such a file is looked at again.
        const work = Effect.retry(importFile(folder, hash, removeImported), {
          times: 1,
          while: ({ code }) => code === 'precondition_failed',
        })
        const outcome = yield* Effect.either(work)
        if (Either.isLeft(outcome) && outcome.left.code === 'closed') return yield* Effect.fail(outcome.left)
        yield* callPort(async () => onProgress?.(++done, hashes.length))
        return { hash, outcome }
      })
    const outcomes = yield* Effect.forEach(hashes, importOne, { concurrency: FILES_AT_ONCE })
    return { ...reportOf(outcomes), missing: yield* missingFiles } satisfies ImportReport
  }).pipe(underLock('import-legacy', 'exclusive'))

/** Where the content is now; `unreferenced` when no live file has or had it, `gone` when the old app deleted it a moment ago. */
type Found = ContentAddress | 'unreferenced' | 'gone'

interface Outcome {
  readonly hash: string
  readonly outcome: Either.Either<Found, RockpoolError>
}

const reportOf = (outcomes: readonly Outcome[]): Omit<ImportReport, 'missing'> => {
  const failed = outcomes.flatMap(({ hash, outcome }) =>
    Either.isLeft(outcome) ? [{ hash, error: outcome.left }] : [],
  )
  const found = outcomes.flatMap(({ hash, outcome }) => (Either.isRight(outcome) ? [{ hash, at: outcome.right }] : []))
  return {
    imported: found.filter(({ at }) => at !== 'unreferenced' && at !== 'gone').length,
    damaged: failed.filter(({ error }) => error.code === 'corrupt').map(({ hash }) => hash),
    unreferenced: found.filter(({ at }) => at === 'unreferenced').map(({ hash }) => hash),
    failed: failed.filter(({ error }) => error.code !== 'corrupt'),
  }
}

const importFile = (folder: LegacyFolder, hash: string, removeImported: boolean) =>
  Effect.gen(function* () {
    const { storeId } = yield* Settings
    const { hashing } = yield* Platform
    const log = yield* LogPort
    const key = parseLegacyUrl(`${storeId}/${hash}`)
    const named = key ? log.filesWithVersion(key).filter(({ deletedAt }) => deletedAt === null) : []
    if (!key || named.length === 0) return 'unreferenced'
    const old = yield* callPort(() => folder.open(hash))
    if (!old) return 'gone'
    const current = named.filter(({ remoteKey }) => remoteKey === key)
    const steps = planImport({
      isCurrent: current.length > 0,
      isOnePart: old.blob.size <= hashing.partSize,
      isStored: log.remoteContent(key)?.stored === true,
    })
    let address: ContentAddress | undefined
    let isMoved = false
    for (const step of steps) {
      if (step === 'store') {
        // A replacement reads the old file once more, and only what object storage has too leaves its place at once.
        const stored = yield* storeOnePart(key, old, { mayMove: removeImported && steps.length === 1 })
        ;({ address, isMoved } = stored)
      }
      if (step === 'match') address = yield* storeMatching(hash, named, old, { isCertain: removeImported })
      if (step === 'replace') {
        for (const file of current) {
          const replaced = yield* replaceLegacy(file, { body: old.blob, type: old.type })
          address = addressOfKey(replaced.remoteKey)
        }
      }
    }
    if (address === undefined) return 'unreferenced'
    if (isMoved) yield* callPort(() => folder.remove(hash))
    else if (removeImported) yield* removeProved(folder, hash, address, key)
    return address
  })

/** Removes an old file once its bytes have been read from the new place and have the right hash. */
const removeProved = (folder: LegacyFolder, hash: string, address: ContentAddress, key: RemoteKey) =>
  Effect.gen(function* () {
    const digest = yield* hashOnDisk(address)
    if (digest?.address === address) return yield* callPort(() => folder.remove(hash))
    yield* quarantine(address, [key])
    return yield* Effect.fail(
      new RockpoolError(
        'disk_failed',
        'The new copy of this file could not be read back, so the old one stays. Run the import again.',
      ),
    )
  })

/** Live files with a legacy key whose content is not on this device. */
const missingFiles = Effect.gen(function* () {
  const log = yield* LogPort
  const device = yield* Device
  const files = log.list({ limit: Number.MAX_SAFE_INTEGER })
  return files.filter(({ remoteKey }) => isLegacyKey(remoteKey) && !device.has(remoteKey))
})
