/** Where the event logs are kept. */
import { type Environment, variable, wrongVariable } from '@rockpool/access'

export type EventLogConfig =
  /** files in the data folder */
  | { readonly backend: 'sqlite' }
  /** a database that several servers share. `url` has a password */
  | { readonly backend: 'postgres'; readonly url: string }

/** @throws RockpoolError `bad_request`, whose message begins with the name of the variable */
export const readEventLog = (env: Environment): EventLogConfig => {
  const backend = variable(env, 'ROCKPOOL_EVENT_LOG') ?? 'sqlite'
  const url = variable(env, 'ROCKPOOL_POSTGRES_URL')
  if (backend !== 'sqlite' && backend !== 'postgres')
    throw wrongVariable('ROCKPOOL_EVENT_LOG', 'it is sqlite or postgres')
  if (backend === 'sqlite') {
    if (url === undefined) return { backend }
    const problem = 'the event logs are in SQLite, which uses no Postgres: set event_log.backend to postgres'
    throw wrongVariable('ROCKPOOL_POSTGRES_URL', problem)
  }
  if (url === undefined) {
    throw wrongVariable('ROCKPOOL_POSTGRES_URL', 'is not set: set it to postgres://user:password@host:5432/database')
  }
  // Without the text, which may have a password.
  if (!URL.canParse(url) || !/^postgres(?:ql)?:$/.test(new URL(url).protocol)) {
    throw wrongVariable('ROCKPOOL_POSTGRES_URL', 'it has the form postgres://user:password@host:5432/database')
  }
  return { backend, url }
}
