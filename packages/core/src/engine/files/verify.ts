/** Reads all content on this disk, to find damage before the content is needed. */
import { Effect, Either } from 'effect'
import type { OpenOptions, VerifyReport } from '../../pool.ts'
import type { FileRecord } from '../../records/record.ts'
import { Device, type DeviceContent } from '../device.ts'
import { LogPort } from '../services.ts'
import { hashOnDisk } from './hash-on-disk.ts'
import { knownOwnKeys } from './named-content.ts'
import { quarantine } from './quarantine.ts'

export const verify = ({ onProgress }: Pick<OpenOptions, 'onProgress'>) =>
  Effect.gen(function* () {
    const device = yield* Device
    const contents = [...device.contents.values()]
    const total = contents.reduce((sum, { size }) => sum + size, 0)
    const damaged = new Map<string, FileRecord>()
    const unreadable = new Map<string, FileRecord>()
    let bytes = 0
    let isCallerAtFault = false
    const onBytes = (read: number) => {
      bytes += read
      isCallerAtFault = true
      onProgress?.(bytes, total)
      isCallerAtFault = false
    }
    for (const row of contents) {
      const digest = yield* Effect.either(hashOnDisk(row.address, onBytes))
      if (Either.isLeft(digest) && (isCallerAtFault || digest.left.code === 'closed'))
        return yield* Effect.fail(digest.left)
      if (Either.isRight(digest) && digest.right?.address === row.address) continue
      // Removed during the verification.
      if (!device.contents.has(row.address)) continue
      const keys = yield* keysOf(row)
      // A read error may pass: only bytes that are wrong or missing are quarantined.
      if (Either.isRight(digest) && (yield* quarantine(row.address, keys)) === 'intact') continue
      for (const file of yield* filesOf(keys)) (Either.isLeft(digest) ? unreadable : damaged).set(file.id, file)
    }
    return { bytes, damaged: [...damaged.values()], unreadable: [...unreadable.values()] } satisfies VerifyReport
  })

const keysOf = ({ address, storedAs = [] }: DeviceContent) =>
  Effect.map(knownOwnKeys(address), (own) => [...new Set([...own, ...storedAs])])

const filesOf = (keys: Effect.Effect.Success<ReturnType<typeof keysOf>>) =>
  Effect.map(LogPort, (log) => keys.flatMap((key) => log.filesWithVersion(key)))
