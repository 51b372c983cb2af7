import { Effect } from 'effect'
import { Device } from '../device.ts'
import { PoolEmitter } from '../pool-emitter.ts'
import { LogPort } from '../services.ts'
import { subscribed } from '../subscribed.ts'

/** Emits `downloaded` for each live file whose content a download brought to this disk. Runs in every tab until its scope closes. */
export const emitDownloads = Effect.gen(function* () {
  const device = yield* Device
  const emitter = yield* PoolEmitter
  const log = yield* LogPort
  yield* subscribed(() =>
    device.onDownloaded((key) => {
      for (const file of log.filesWithContent(key)) {
        if (file.deletedAt === null) emitter.emit({ event: 'downloaded', detail: file })
      }
    }),
  )
})
