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

/**
 * Refuses variables of ours that nothing reads: what a misspelled one was meant to limit would not be limited.
 *
 * @param known names of those that are read
 * @throws RockpoolError `bad_request`, whose message is one line naming the variable
 */
export const refuseUnknown = (env: Environment, known: ReadonlySet<string>): void => {
  for (const name of Object.keys(env)) {
    if (/^(ROCKPOOL|ARTIFACT)_/.test(name) && !known.has(name)) {
      throw wrongVariable(name, 'there is no such variable; correct its name, or remove it')
    }
  }
}

/** `bad_request`: one line that names the variable, whatever was quoted in the problem. */
export const wrongVariable = (name: string, problem: string): RockpoolError =>
  new RockpoolError('bad_request', `${name}: ${problem.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')}.`)
