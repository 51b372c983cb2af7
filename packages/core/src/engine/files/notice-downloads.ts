import { Effect } from 'effect'
import { Device } from '../device.ts'
import { PoolEmitter } from '../pool-emitter.ts'
import { LogPort } from '../services.ts'
import { subscribed } from '../subscribed.ts'

/** Every tab's part: tells the app of each live file whose content a download brought to this disk. Until its scope closes. */
export const noticeDownloads = Effect.gen(function* () {
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
