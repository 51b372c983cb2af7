/**
 * The wait that a Retry-After header asks for, in ms: seconds, or a date (RFC 9110, section 10.2.3). Undefined without a
 * header, or for one that cannot be read.
 *
 * @param now unix ms
 */
export const parseRetryAfter = (header: string | null, now: number): number | undefined => {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
