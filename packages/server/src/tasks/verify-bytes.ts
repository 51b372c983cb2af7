import { verify, type VerifyReport } from '@rockpool/object-store/verify'
import { every2s, type Task } from './task.ts'

export interface VerifyArguments {
  /** takes damaged bytes from S3 where it has them; what nothing has whole is set aside, so that a device sends it again */
  readonly heal: boolean
}

export const verifyBytes: Task<VerifyArguments, VerifyReport> = {
  name: 'verify',
  run: ({ heal }, { parts, signal, progress }) => {
    const report = every2s(progress)
    return verify(parts.store, {
      signal,
      heal,
      onProgress: ({ checked, objects, damaged }) =>
        report(() => `${checked.toLocaleString('en')} of ${objects.toLocaleString('en')} objects, ${damaged} damaged`),
    })
  },
}
