/** A limit for what may never end. */
import type { Clock } from '../../clock.ts'

/** The result of `work`. @throws the error of `expired` when it has none after `ms` */
export const withDeadline = async <A>(clock: Clock, ms: number, work: Promise<A>, expired: () => Error): Promise<A> => {
  const deadline = Promise.withResolvers<never>()
  const cancel = clock.setTimer(() => deadline.reject(expired()), ms)
  try {
    return await Promise.race([work, deadline.promise])
  } finally {
    cancel()
  }
}
