import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

interface Found {
  readonly path: string
  readonly exists: boolean
}

/**
 * A function that gives paths without symlinks, as the file system spells them. What does not exist is kept behind the last
 * folder that does. It looks each folder up once: use it for one request, since symlinks change.
 */
export const realPaths = (): ((path: string) => string) => {
  const known = new Map<string, Found>()
  const find = (path: string): Found => {
    const found = known.get(path) ?? lookUp(path)
    known.set(path, found)
    return found
  }
  const lookUp = (path: string): Found => {
    const folder = dirname(path)
    if (folder === path) return { path, exists: true }
    const parent = find(folder)
    // `existsSync` first: an exception costs more than all other work here.
    if (parent.exists && existsSync(path)) {
      try {
        // Native: on macOS and Windows it gives the names as they are stored, whatever their case in `path`.
        return { path: realpathSync.native(path), exists: true }
      } catch {
        // Removed since `existsSync`, or not readable by this user.
      }
    }
    return { path: join(parent.path, basename(path)), exists: false }
  }
  return (path) => find(path).path
}
