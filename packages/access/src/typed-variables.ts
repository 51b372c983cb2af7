/** Variables of an environment that are no plain text. An empty one counts as not set. */
import { type Environment, variable, wrongVariable } from './environment.ts'

/** @throws RockpoolError `bad_request` when the variable is not set; `what` says what it is for */
export const requiredVariable = (env: Environment, name: string, what: string): string => {
  const value = variable(env, name)
  if (value === undefined) throw wrongVariable(name, `is not set: ${what}`)
  return value
}

/** A whole number. @throws RockpoolError `bad_request` */
export const numberVariable = (
  env: Environment,
  name: string,
  { unset, least, most }: { readonly unset: number; readonly least: number; readonly most: number },
): number => {
  const value = variable(env, name) ?? String(unset)
  if (!/^\d{1,16}$/.test(value) || Number(value) < least || Number(value) > most) {
    throw wrongVariable(name, `it is a number from ${least} to ${most}`)
  }
  return Number(value)
}

/** false unless set. @throws RockpoolError `bad_request` */
export const booleanVariable = (env: Environment, name: string): boolean => {
  const value = variable(env, name) ?? 'false'
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw wrongVariable(name, 'it is true or false')
}

/** An http or https URL without a slash at its end. @throws RockpoolError `bad_request` */
export const urlVariable = (env: Environment, name: string): string | undefined => {
  const value = variable(env, name)
  if (value === undefined) return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    throw wrongVariable(name, 'it is a URL such as https://files.example.com, without a query')
  }
  return value.replace(/\/+$/, '')
}
