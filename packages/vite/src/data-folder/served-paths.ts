/** Which files a request of Vite's servers may name. Errs on the side of too many: what it names is only ever refused. */
import { posix } from 'node:path'

/** Prefixes behind which Vite expects a path of the file system, or the id of a module, which may be one. */
const PREFIXES = ['/@fs/', '/@id/']
/** An encoded `%25252e` is decoded this often; no server decodes more than twice. */
const DECODINGS = 4

/**
 * Absolute paths, with `/` between names, that `url` may stand for.
 *
 * @param url as in the request line: path and query, or a whole URL
 * @param folders that are served, absolute; the file system's root is always one
 * @param base Vite's `base`
 */
export const pathsOf = (url: string, folders: readonly string[], base = '/'): ReadonlySet<string> => {
  const paths = new Set<string>()
  for (const text of spellingsOf(url)) {
    for (const path of stripPrefixes(text, base)) {
      for (const folder of ['/', ...folders]) {
        // On Windows `/C:/data` is `C:/data`.
        paths.add(posix.join(folder, path).replace(/^\/+(?=[A-Za-z]:)/, ''))
      }
    }
  }
  return paths
}

/** Whether `path` is one of `folders` or below it. Both absolute, with `/` between names. */
export const isBelow = (path: string, folders: readonly string[]): boolean => {
  // Case is ignored everywhere: the file system may ignore it, and a refusal of a sibling `.Rockpool` harms no app.
  const key = comparable(path)
  return folders.some((folder) => key.startsWith(comparable(folder)))
}

const comparable = (path: string): string => `${path.normalize('NFC').toLowerCase().replace(/\/+$/, '')}/`

/** The paths that readers of URLs see in `url`: raw, parsed, decoded up to four times, cut at `?` and `#` or not. */
const spellingsOf = (url: string): ReadonlySet<string> => {
  const spellings = new Set<string>()
  for (const start of [url, parsedPath(url)]) {
    let text = start
    for (let decoded = 0; decoded <= DECODINGS; decoded++) {
      // `URL` takes a backslash for a slash; so does Windows.
      const slashes = text.replaceAll('\\', '/').replace(/\/{2,}/g, '/')
      for (const cut of cutAtQuery(slashes)) spellings.add(cut)
      const next = decode(text)
      if (next === text) break
      text = next
    }
  }
  return spellings
}

/** `URL` removes tabs and newlines, resolves `%2e%2e`, and takes `//host/path` and `http://host/path` apart. */
const parsedPath = (url: string): string => {
  try {
    return new URL(url, 'http://localhost').pathname
  } catch {
    return url
  }
}

/** Decodes what can be decoded: one bad escape must not hide the others. */
const decode = (text: string): string =>
  text
    .replace(/%[0-7][0-9a-f]/gi, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)))
    .replace(/(?:%[89a-f][0-9a-f])+/gi, (escapes) => {
      try {
        return decodeURIComponent(escapes)
      } catch {
        return escapes
      }
    })

/** `/a?b/../c` is `/a` to most readers, and `/c` to one that resolves dots first. */
const cutAtQuery = (text: string): readonly string[] => {
  const path = text.replace(/[?#].*$/s, '')
  return text.includes('..', path.length) ? [path, text, text.replace(/[?#][^/]*$/s, '')] : [path]
}

const stripPrefixes = (path: string, base: string): readonly string[] => {
  const stripped = [path]
  if (base !== '/' && path.startsWith(base)) stripped.push(path.slice(base.length - 1))
  for (const prefix of PREFIXES) {
    const at = path.indexOf(prefix)
    if (at !== -1) stripped.push(path.slice(at + prefix.length - 1))
  }
  return stripped
}
