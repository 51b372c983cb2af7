/** The time of S3, by the Date header of its responses. */
import type { S3Client } from '@aws-sdk/client-s3'

export interface ServerClock {
  /**
   * What the clock of S3 shows at a moment, or less: a Date header leaves out the milliseconds, and has been on its way.
   *
   * @param at `performance.now()` of the moment
   * @returns unix ms; undefined: no response had a date yet
   */
  earliest(at: number): number | undefined
}

/** @param client each of its responses counts */
export const serverClock = (client: S3Client): ServerClock => {
  let seen: { readonly date: number; readonly at: number } | undefined
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args)
      const { headers } = answer.response as { readonly headers?: Readonly<Record<string, string>> }
      const date = Date.parse(headers?.date ?? '')
      if (!Number.isNaN(date)) seen = { date, at: performance.now() }
      return answer
    },
    // Innermost middleware: runs per attempt, and returns when the response headers have arrived.
    { step: 'deserialize', priority: 'low', name: 'serverClock' },
  )
  return { earliest: (at) => seen && seen.date + (at - seen.at) }
}
