/** Facts about a file for people: its kind, size and day. */
import type { FileRecord } from 'rockpool'

export type FileKind = 'image' | 'video' | 'audio' | 'other'

/** How the gallery shows a type. SVG can run script, so it is shown as a card. */
export const kindOf = (type: string): FileKind => {
  const family = type.slice(0, type.indexOf('/')).toLowerCase()
  if (family === 'image') return /^image\/svg/i.test(type) ? 'other' : 'image'
  return family === 'video' || family === 'audio' ? family : 'other'
}

/** `REEF.final.JPG` gives `jpg`; a name without an extension of at most 5 letters or digits gives ''. */
export const extensionOf = (name: string): string => /[^.]\.([a-z0-9]{1,5})$/i.exec(name)?.[1]?.toLowerCase() ?? ''

/** The name without its extension: what a person selects to rename a file. */
export const stemLength = (name: string): number => {
  const extension = extensionOf(name)
  return extension ? name.length - extension.length - 1 : name.length
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** `1234567` gives `1.2 MB`. */
export const formatBytes = (bytes: number): string => {
  let value = bytes
  let unit = 0
  // 999.5 would be written as 1000
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[unit]}`
}

/** `75` gives `1:15`. */
export const formatDuration = (seconds: number): string => {
  const whole = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const padded = String(rest).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${padded}` : `${minutes}:${padded}`
}

export interface DayGroup {
  readonly title: string
  readonly files: readonly FileRecord[]
}

/** Files (newest first) by the day they were added: Today (which began at `today`, unix ms), Yesterday, then dates. */
export const groupByDay = (files: readonly FileRecord[], today: number): readonly DayGroup[] => {
  const groups = new Map<string, FileRecord[]>()
  for (const file of files) {
    const title = dayTitle(file.createdAt, today)
    const group = groups.get(title)
    if (group) group.push(file)
    else groups.set(title, [file])
  }
  return Array.from(groups, ([title, members]) => ({ title, files: members }))
}

const dayTitle = (at: number, today: number): string => {
  // A clock that runs ahead on another device must not make a group of its own.
  if (at >= today) return 'Today'
  if (at >= new Date(today).setHours(-24)) return 'Yesterday'
  const sameYear = new Date(at).getFullYear() === new Date(today).getFullYear()
  const format: Intl.DateTimeFormatOptions = sameYear
    ? { weekday: 'long', day: 'numeric', month: 'long' }
    : { day: 'numeric', month: 'long', year: 'numeric' }
  return formatTime(at, format)
}

/** `at` in unix ms, by another device's clock: an invalid date is shown as such, not thrown (ECMA-402, FormatDateTime). */
export const formatTime = (at: number, format: Intl.DateTimeFormatOptions): string =>
  Number.isNaN(new Date(at).getTime()) ? 'Unknown day' : new Intl.DateTimeFormat(undefined, format).format(at)

/** Width by height, from the metadata of the file; undefined without. */
export const ratioOf = (file: FileRecord): number | undefined => {
  const { width, height } = file.meta
  return typeof width === 'number' && typeof height === 'number' && width > 0 && height > 0 ? width / height : undefined
}

/** The average colour of a picture, shown until it has loaded. Only a colour: metadata comes from other people. */
export const tintOf = (file: FileRecord): string | undefined => {
  const { tint } = file.meta
  return typeof tint === 'string' && /^#[0-9a-f]{6}$/.test(tint) ? tint : undefined
}
