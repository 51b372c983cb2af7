/** The origins of web apps that may call a server from elsewhere, as an environment says. */
import { type Environment, variable, wrongVariable } from './environment.ts'

/**
 * Reads `ROCKPOOL_ALLOWED_ORIGINS`: exact origins, separated by commas. None when it is not set.
 *
 * @throws RockpoolError `bad_request`, whose message is one line naming the variable
 */
export const readOrigins = (env: Environment): string[] =>
  (variable(env, 'ROCKPOOL_ALLOWED_ORIGINS') ?? '')
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '')
    .map((origin) => {
      if (URL.canParse(origin) && new URL(origin).origin === origin) return origin
      const problem = `"${origin}" is not an exact origin such as https://app.example.com`
      throw wrongVariable('ROCKPOOL_ALLOWED_ORIGINS', problem)
    })
