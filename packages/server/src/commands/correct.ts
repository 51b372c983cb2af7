/** `rockpool-server correct` */
import { isStoreId } from '@rockpool/protocol'
import { loadConfig } from '../config/load-config.ts'
import { correctEvent, findEvents } from '../tasks/correct.ts'
import { runTask } from '../tasks/run-task.ts'
import { type Command, UsageError } from './command.ts'

export const correct: Command = {
  name: 'correct',
  usage: '--store <id> --find | --store <id> --event <number> --by <name> --reason <text>',
  summary: 'Takes an event out of a log that must not be there, on all devices, while the server runs',
  details: `
  --store <id>      the store
  --find            lists events that the server would not take today; review them, older versions wrote some of these
  --event <number>  the event to take out: the log keeps its number, with an event that does nothing
  --by, --reason    who decided it and why: kept, with the original, in the audit table of the log
`,
  options: {
    store: { type: 'string' },
    find: { type: 'boolean' },
    event: { type: 'string' },
    by: { type: 'string' },
    reason: { type: 'string' },
  },
  run: async ({ flags, configFile, env, cwd, signal, output }) => {
    const storeId = flags.text('store') ?? ''
    if (!isStoreId(storeId)) throw new UsageError('--store: name the store whose log is to be corrected.')
    const options = { signal, progress: output.progress }
    if (flags.has('find')) {
      const config = loadConfig({ env, cwd, file: configFile })
      const found = await runTask(findEvents, { storeId }, { config, ...options })
      const lines = found.map(
        ({ seqNum, name, sub, code, message }) => `${seqNum}  ${name}  ${sub ?? '-'}  ${code}  ${message}\n`,
      )
      output.result({ events: found }, lines.join('') || 'The server would take every event of this log today.\n')
      return 0
    }
    const [event = '', by, reason] = [flags.text('event'), flags.text('by'), flags.text('reason')]
    if (!/^[1-9]\d{0,14}$/.test(event))
      throw new UsageError('--event: give the number of the event; --find lists some.')
    if (!by || !reason) throw new UsageError('--by, --reason: say who decided it and why. The log keeps both.')
    const config = loadConfig({ env, cwd, file: configFile })
    const args = { storeId, seqNum: Number(event), by, reason }
    const result = await runTask(correctEvent, args, { config, ...options })
    const text = `Event ${event} (${result.event.name}) does nothing now; ${result.added} events undo it on devices.\n`
    output.result({ ok: true, ...result }, text)
    return 0
  },
}
