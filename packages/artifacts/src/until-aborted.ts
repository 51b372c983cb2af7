import { ArtifactError } from './errors.ts'

/** The promise, or a rejection when the signal fires before it settles. @throws ArtifactError `aborted` */
export const untilAborted = async <A>(promise: Promise<A>, signal: AbortSignal | undefined): Promise<A> => {
  if (signal === undefined) return promise
  const aborted = Promise.withResolvers<never>()
  const stop = () => aborted.reject(new ArtifactError('aborted', 'The call was cancelled.', { cause: signal.reason }))
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
