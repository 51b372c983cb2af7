/** Where the embedded backend keeps its data. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { isBelow } from './served-paths.ts'

/** The data folder of earlier versions, in the root of the app. One that is there stays in use. */
export const FORMER_FOLDER = '.rockpool'

/** What the choice depends on. */
export interface PlaceFacts {
  /** root of the app, as a real path */
  readonly root: string
  /** of the app's package.json */
  readonly packageName: string | undefined
  /** whether the root has a folder `.rockpool` with data in it */
  readonly hasFormerFolder: boolean
  readonly platform: NodeJS.Platform
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * ROCKPOOL_DATA_DIR, else the option, else the `.rockpool` that is there, else a folder of the app in the user's data.
 *
 * The last one lies outside the project: everything below a web root is a file that a server may serve, `npm ci` empties
 * node_modules, and `git clean` empties the rest. It is named after the app for people who look for it, and after the
 * root's path so that two checkouts do not share a log.
 */
export const chooseFolder = (option: string | undefined, facts: PlaceFacts): string => {
  const { root, env } = facts
  const given = env.ROCKPOOL_DATA_DIR || option
  if (given !== undefined && given !== '') return resolve(root, given)
  if (facts.hasFormerFolder) return join(root, FORMER_FOLDER)
  const name = (facts.packageName ?? basename(root)).replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'app'
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 8)
  return join(userDataFolder(facts), 'rockpool', `${name}-${hash}`)
}

/** Where a program keeps data of the user, by the conventions of the platform. */
const userDataFolder = ({ platform, home, env }: PlaceFacts): string => {
  if (platform === 'darwin') return join(home, 'Library/Application Support')
  if (platform === 'win32') return env.LOCALAPPDATA ?? join(home, 'AppData/Local')
  // A relative path is invalid and has to be ignored (XDG Base Directory Specification).
  const xdg = env.XDG_DATA_HOME
  return xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local/share')
}

/** The data folder of the app in `root`. */
export const dataFolder = (root: string, option: string | undefined): string => {
  const realRoot = realpathSync.native(root)
  return chooseFolder(option, {
    root: realRoot,
    packageName: packageNameIn(realRoot),
    // Its own mark: an empty folder, or one of another tool, is not Rockpool's data.
    hasFormerFolder: existsSync(join(realRoot, FORMER_FOLDER, 'secret')),
    platform: process.platform,
    home: homedir(),
    env: process.env,
  })
}

/**
 * @throws Error when a build would publish or empty the data folder, or the folder holds the app itself
 */
export const checkPlace = (
  folder: string,
  { root, publicDir, outDir }: { readonly root: string; readonly publicDir: string; readonly outDir: string },
): void => {
  const advice = 'Set `dataDir` of rockpool(), or ROCKPOOL_DATA_DIR, to a folder outside of the app.'
  const inside = (parent: string) => parent !== '' && isBelow(folder, [parent])
  if (isBelow(root, [folder]))
    throw new Error(`The app lies in the data folder ${folder}, which is not served. ${advice}`)
  if (inside(publicDir))
    throw new Error(`A build would publish the data folder ${folder}: it is in publicDir. ${advice}`)
  if (inside(outDir))
    throw new Error(`A build would delete the data folder ${folder}: it is in build.outDir. ${advice}`)
}

const packageNameIn = (root: string): string | undefined => {
  try {
    const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly name?: unknown }
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined // no package.json here: the folder's name serves
  }
}
