/** The configuration of this process: the YAML file, the environment over it. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Environment } from '@rockpool/access'
import { isRockpoolError } from '@rockpool/protocol'
import { ConfigError } from './config-error.ts'
import { readServerConfig, type ServerConfig } from './server-config.ts'
import { CONFIG_FILE, CONFIG_VARIABLE } from './settings.ts'
import { collectSources, renameSetting, type Sources, toEnvironment } from './sources.ts'
import { readYaml } from './yaml-values.ts'

export interface LoadOptions {
  readonly env: Environment
  readonly cwd: string
  /** of `--config`; over {@link CONFIG_VARIABLE}, over {@link CONFIG_FILE} in the working folder */
  readonly file?: string | undefined
}

export interface LoadedSources extends Sources {
  /** the YAML file, if there is one */
  readonly file: string | undefined
}

/** @throws ConfigError */
export const loadSources = ({ env, cwd, file: given }: LoadOptions): LoadedSources => {
  const named = given ?? (env[CONFIG_VARIABLE]?.trim() || undefined)
  const file = resolve(cwd, named ?? CONFIG_FILE)
  if (named === undefined && !existsSync(file)) {
    return { ...collectSources({ env, cwd, values: [], file: undefined }), file: undefined }
  }
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new ConfigError(
      `The configuration file ${file} cannot be read (${code}). Correct --config or ${CONFIG_VARIABLE}.`,
      {
        cause,
      },
    )
  }
  return { ...collectSources({ env, cwd, file, values: readYaml(text, file) }), file }
}

/** @throws ConfigError */
export const toServerConfig = ({ settings, warnings, file }: LoadedSources): ServerConfig => {
  if (file === undefined && settings.length === 0) {
    throw new ConfigError(
      `There is no configuration: no ${CONFIG_FILE} in this folder, no variable. Run: rockpool-server init`,
    )
  }
  return checked(settings, () => ({ ...readServerConfig(toEnvironment(settings)), warnings }))
}

/** @throws ConfigError */
export const loadConfig = (options: LoadOptions): ServerConfig => toServerConfig(loadSources(options))

/** What a reader of the environment finds wrong, in the person's own terms. */
const checked = <A>(settings: Sources['settings'], read: () => A): A => {
  try {
    return read()
  } catch (error) {
    if (!isRockpoolError(error)) throw error
    throw new ConfigError(renameSetting(error.message, settings), { cause: error })
  }
}
