/** Times on the command line. Pure. */
import { UsageError } from './command.ts'

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `10m`, `36h` or `7d`, in ms. @throws UsageError */
export const readDuration = (option: string, text: string): number => {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (count === undefined || unit === undefined) {
    throw new UsageError(`${option}: write minutes, hours or days, such as 10m, 36h or 7d.`)
  }
  return Number(count) * UNIT_MS[unit]!
}
