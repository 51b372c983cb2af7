import { realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'

/** Whether a path is a folder or in it, links resolved. */
export const isInside = (path: string, folder: string): boolean => {
  const inside = relative(realPath(folder), realPath(path))
  return !isAbsolute(inside) && inside.split(sep)[0] !== '..'
}

/** What does not exist yet has the real path of what does. */
const realPath = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(realPath(parent), basename(path))
  }
}
