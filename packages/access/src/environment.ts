/** The variables of an environment, or of a Worker's bindings. */
import { RockpoolError } from '@rockpool/protocol'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The variables among a Worker's bindings. They may be written as JSON in `wrangler.jsonc`: numbers, booleans and objects
 * arrive as such.
 */
export const environmentOf = (bindings: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(bindings)
      .filter(([name, value]) => /^(ROCKPOOL|ARTIFACT)_/.test(name) && value !== undefined)
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )

/** A variable. An empty one counts as not set. */
export const variable = (env: Environment, name: string): string | undefined => env[name]?.trim() || undefined

/** `bad_request`: one line that names the variable, whatever was quoted in the problem. */
export const wrongVariable = (name: string, problem: string): RockpoolError =>
  new RockpoolError('bad_request', `${name}: ${problem.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')}.`)
