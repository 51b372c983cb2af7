/**
 * Finishes quarantines that moved the bytes aside but did not remove the row of the index: the disk was full, or the tab ended in
 * between. Such a row says that content is here which is not, so that nothing would download it.
 */
import { Effect } from 'effect'
import { Device } from '../device.ts'
import { restarted } from '../restarted.ts'
import { BlobPort, callPort } from '../services.ts'
import { forgetContent } from './reconcile-disk.ts'

/** One listing of a folder that is nearly always empty. */
const EVERY = '5 minutes'

export const finishQuarantines = (epoch: number) =>
  restarted(
    'Finishing quarantines',
    Effect.gen(function* () {
      const blobs = yield* BlobPort
      const device = yield* Device
      for (const address of yield* callPort(() => blobs.quarantined()))
        if (device.contents.has(address)) yield* forgetContent(address, epoch)
      yield* Effect.sleep(EVERY)
    }),
  )
