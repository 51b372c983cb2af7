/** The settings of a YAML document, as the texts that the environment would have. Pure. */
import { dirname, isAbsolute, resolve } from 'node:path'
import { isAlias, parseDocument, visit } from 'yaml'
import { ConfigError } from './config-error.ts'
import { suggestion } from './nearest.ts'
import { LEGACY_PATH_KEY, type Setting, settingOfKey, SETTINGS } from './settings.ts'

export interface FileValue {
  /** as the file writes it: `storage.local.path`, `auth.jwt_secret_file`, `avatar.storage_path` */
  readonly key: string
  readonly setting: Setting
  /** the text that the environment variable would have; with `isFile` the path of the file that has it */
  readonly value: string
  readonly isFile: boolean
}

/** Far above any configuration; the parser takes time in proportion. */
const MAX_LENGTH = 256 * 1024

/** @param file path of the document, for messages and relative paths. @throws ConfigError */
export const readYaml = (text: string, file: string): readonly FileValue[] => {
  const values: FileValue[] = []
  for (const [key, value] of leaves(parse(text, file), '', file)) {
    if (value === null) continue
    const { setting, isFile } = settingFor(key, file)
    values.push({
      key,
      setting,
      isFile,
      value: toText(isFile ? { ...setting, kind: 'path' } : setting, key, value, file),
    })
  }
  return values
}

const parse = (text: string, file: string): unknown => {
  if (text.length > MAX_LENGTH) throw new ConfigError(`${file}: it is larger than 256 KiB. Is it the right file?`)
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  if (error) {
    const [line, ...rest] = error.message.split('\n', 1)
    throw new ConfigError(`${file}: it is not YAML: ${[line, ...rest].join(' ').replace(/[:.]$/, '')}.`)
  }
  // A few nested aliases can mean billions of values ("billion laughs").
  visit(document, {
    Alias: (_, node) => {
      if (isAlias(node))
        throw new ConfigError(`${file}: write values out: aliases (*${node.source}) are not supported.`)
    },
  })
  return document.toJS() as unknown
}

/** Every value with the keys that lead to it. `buckets` is one value. */
function* leaves(value: unknown, path: string, file: string): Generator<readonly [string, unknown], void> {
  if (value === null || value === undefined) return
  if (!isMap(value)) {
    if (path === '')
      throw new ConfigError(`${file}: it has to be a map, such as "storage:" and indented keys below it.`)
    return yield [path, value]
  }
  if (path === 'buckets') return yield [path, value]
  for (const [name, inner] of Object.entries(value)) {
    const key = path === '' ? name : `${path}.${name}`
    if (isSection(key)) {
      if (inner !== null && !isMap(inner))
        throw new ConfigError(`${key} in ${file}: it is a section with keys of its own.`)
      yield* leaves(inner, key, file)
    } else yield [key, inner]
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const KEYS = [...SETTINGS.flatMap(({ key, secret }) => (secret ? [key, `${key}_file`] : [key])), LEGACY_PATH_KEY]

const SECTIONS: ReadonlySet<string> = new Set(
  KEYS.flatMap((key) => {
    const names = key.split('.')
    return names.slice(1).map((_, index) => names.slice(0, index + 1).join('.'))
  }),
)

const isSection = (key: string): boolean => SECTIONS.has(key)

const settingFor = (key: string, file: string): { readonly setting: Setting; readonly isFile: boolean } => {
  if (key === LEGACY_PATH_KEY) return { setting: settingOfKey('storage.local.path')!, isFile: false }
  const setting = settingOfKey(key)
  if (setting) return { setting, isFile: false }
  const secret = key.endsWith('_file') ? settingOfKey(key.slice(0, -'_file'.length)) : undefined
  if (secret?.secret) return { setting: secret, isFile: true }
  throw new ConfigError(`${key} in ${file}: there is no such setting.${suggestion(key, [...KEYS, ...SECTIONS])}`)
}

const toText = ({ kind }: Setting, key: string, value: unknown, file: string): string => {
  const wrong = (what: string) => new ConfigError(`${key} in ${file}: it is ${what}.`)
  if (kind === 'list') {
    if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) throw wrong('a list of texts')
    return value.join(',')
  }
  if (kind === 'boolean') {
    if (typeof value !== 'boolean') throw wrong('true or false')
    return String(value)
  }
  if (kind === 'number') {
    if (typeof value !== 'number') throw wrong('a number')
    return String(value)
  }
  if (kind === 'buckets') return bucketsJson(key, value, file)
  if (kind === 'webhooks') {
    if (!Array.isArray(value)) throw wrong('a list of webhooks, such as "- url: https://app.example/hook"')
    return JSON.stringify(value)
  }
  if (typeof value !== 'string') throw wrong('a text; put it in quotes')
  if (kind === 'path') return isAbsolute(value) ? value : resolve(dirname(file), value)
  return value
}

/** The keys of a bucket's rules here, and in the JSON of the environment. */
const BUCKET_KEYS: Readonly<Record<string, string>> = {
  access: 'access',
  types: 'types',
  max_size: 'maxSize',
  hold: 'hold',
}
const HOLD_KEYS: Readonly<Record<string, string>> = { wait_seconds: 'waitSeconds', refused: 'refused' }

/** Whether the values are right is for the reader of the environment variable to say. */
const bucketsJson = (key: string, value: unknown, file: string): string => {
  if (!isMap(value)) throw new ConfigError(`${key} in ${file}: it is a map from bucket names to their rules.`)
  const buckets = Object.entries(value).map(([name, rules]) => {
    if (!isMap(rules))
      throw new ConfigError(`${key}.${name} in ${file}: it is a map of rules, such as "access: store".`)
    const { hold, ...renamed } = renameKeys(`${key}.${name}`, rules, BUCKET_KEYS, file)
    if (hold === undefined) return [name, renamed]
    if (!isMap(hold)) throw new ConfigError(`${key}.${name}.hold in ${file}: it is a map of wait_seconds and refused.`)
    return [name, { ...renamed, hold: renameKeys(`${key}.${name}.hold`, hold, HOLD_KEYS, file) }]
  })
  return JSON.stringify(Object.fromEntries(buckets))
}

const renameKeys = (
  path: string,
  rules: Readonly<Record<string, unknown>>,
  keys: Readonly<Record<string, string>>,
  file: string,
): Record<string, unknown> => {
  const renamed = Object.entries(rules).map(([rule, content]) => {
    const known = Object.hasOwn(keys, rule) ? keys[rule] : undefined
    if (known !== undefined) return [known, content]
    const hint = suggestion(rule, Object.keys(keys))
    throw new ConfigError(`${path}.${rule} in ${file}: there is no such rule.${hint}`)
  })
  return Object.fromEntries(renamed)
}
