/** Where each setting comes from: the environment counts over the file. */
import { readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { Environment } from '@rockpool/access'
import { ConfigError } from './config-error.ts'
import { suggestion } from './nearest.ts'
import { CONFIG_VARIABLE, LEGACY_PATH_KEY, type Setting, settingOfVariable, SETTINGS } from './settings.ts'
import type { FileValue } from './yaml-values.ts'

export interface Sourced {
  readonly setting: Setting
  readonly value: string
  /** as the person wrote it: `ROCKPOOL_JWT_SECRET`, or `auth.jwt_secret in /etc/rockpool.yaml` */
  readonly source: string
}

export interface Sources {
  readonly settings: readonly Sourced[]
  /** lines for the log of the start */
  readonly warnings: readonly string[]
}

export interface SourceOptions {
  readonly env: Environment
  /** of the YAML file; none: empty */
  readonly values: readonly FileValue[]
  /** path of the YAML file */
  readonly file: string | undefined
  readonly cwd: string
  readonly readText?: (path: string) => string
}

/** @throws ConfigError for unknown variables, settings that are given twice, and secret files that cannot be read */
export const collectSources = (options: SourceOptions): Sources => {
  const { env, values, file, cwd, readText = (path) => readFileSync(path, 'utf8') } = options
  refuseUnknown(env)
  const warnings: string[] = []
  const settings: Sourced[] = []
  for (const setting of SETTINGS) {
    const fromEnvironment = variableOf(setting, env, cwd, readText)
    const fromFile = valueOf(setting, values, file ?? '', readText)
    const sourced = fromEnvironment ?? fromFile
    if (sourced) settings.push(sourced)
  }
  if (values.some(({ key }) => key === LEGACY_PATH_KEY)) {
    warnings.push(`${LEGACY_PATH_KEY} in ${file}: this is an old name. Rename it to storage.local.path.`)
  }
  return { settings, warnings }
}

const variableOf = (
  setting: Setting,
  env: Environment,
  cwd: string,
  readText: (path: string) => string,
): Sourced | undefined => {
  const { variable, kind } = setting
  const text = env[variable]?.trim() || undefined
  const path = setting.secret ? env[`${variable}_FILE`]?.trim() || undefined : undefined
  if (text !== undefined && path !== undefined) {
    throw new ConfigError(`${variable}: set it or ${variable}_FILE, not both.`)
  }
  if (path !== undefined) {
    const source = `${variable}_FILE`
    return { setting, value: readSecret(resolve(cwd, path), source, readText), source }
  }
  if (text === undefined) return undefined
  const value = kind === 'path' && !isAbsolute(text) ? resolve(cwd, text) : text
  return { setting, value, source: variable }
}

const valueOf = (
  setting: Setting,
  values: readonly FileValue[],
  file: string,
  readText: (path: string) => string,
): Sourced | undefined => {
  const [first, second] = values.filter((value) => value.setting === setting)
  if (!first) return undefined
  if (second) throw new ConfigError(`${first.key} in ${file}: set it or ${second.key}, not both.`)
  const source = `${first.key} in ${file}`
  return { setting, value: first.isFile ? readSecret(first.value, source, readText) : first.value, source }
}

const readSecret = (path: string, source: string, readText: (path: string) => string): string => {
  let secret: string
  try {
    secret = readText(path).trim()
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new ConfigError(
      `${source}: the file ${path} cannot be read (${code}). Create it, or correct its permissions.`,
      {
        cause,
      },
    )
  }
  if (secret === '') throw new ConfigError(`${source}: the file ${path} is empty. Write the secret into it.`)
  return secret
}

const OURS = /^(?:ROCKPOOL|ARTIFACT)_/

/** A misspelled limit or secret must not be the same as none. */
const refuseUnknown = (env: Environment): void => {
  const known = [
    CONFIG_VARIABLE,
    ...SETTINGS.flatMap(({ variable, secret }) => (secret ? [variable, `${variable}_FILE`] : [variable])),
  ]
  for (const name of Object.keys(env)) {
    if (!OURS.test(name) || known.includes(name)) continue
    throw new ConfigError(`${name}: there is no such variable.${suggestion(name, known)}`)
  }
}

/** The environment that these settings amount to. */
export const toEnvironment = (settings: readonly Sourced[]): Environment =>
  Object.fromEntries(settings.map(({ setting, value }) => [setting.variable, value]))

/**
 * Names a setting in a message as the person knows it: where the value came from, or else both ways to set it.
 *
 * @param message begins with the name of a variable and a colon
 */
export const renameSetting = (message: string, settings: readonly Sourced[]): string => {
  const [, variable, rest] = /^([A-Z0-9_]+): (.*)$/s.exec(message) ?? []
  const setting = variable === undefined ? undefined : settingOfVariable(variable)
  if (!setting) return message
  const source = settings.find((sourced) => sourced.setting === setting)?.source
  return `${source ?? `${setting.variable} (${setting.key})`}: ${rest}`
}
