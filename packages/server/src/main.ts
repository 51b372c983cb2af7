/** Runs a command line. The only place that touches the process. */
import { type ExitCode, type Input, type Output, UsageError } from './commands/command.ts'
import { COMMANDS } from './commands/commands.ts'
import { helpOf } from './commands/help.ts'
import { parseCommandLine } from './commands/parse.ts'

const run = async (args: readonly string[]): Promise<ExitCode> => {
  const json = args.includes('--json')
  try {
    const parsed = parseCommandLine(args, COMMANDS)
    if (parsed.kind === 'help') {
      process.stdout.write(helpOf(parsed.command, COMMANDS))
      return 0
    }
    const { command, flags, words, configFile } = parsed
    const input: Input = {
      ...{ flags, words, configFile, json },
      ...{ env: process.env, cwd: process.cwd(), signal: stopSignal(), output: outputOf(json) },
    }
    return await command.run(input)
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    const line = message.replace(/\s*\n\s*/g, ' ')
    if (json) process.stdout.write(`${JSON.stringify({ error: { name, message: line } })}\n`)
    process.stderr.write(`rockpool-server: ${line}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

const outputOf = (json: boolean): Output => ({
  result: (value, text) => void process.stdout.write(json ? `${JSON.stringify(value)}\n` : text),
  progress: (line) => void process.stderr.write(`${line}\n`),
  write: (text) => void process.stdout.write(text),
})

/** The first SIGINT or SIGTERM asks the command to stop, the second one ends the process. */
const stopSignal = (): AbortSignal => {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) process.exit(1)
      abort.abort(new Error(`Stopped by ${name}.`))
    })
  }
  return abort.signal
}

process.exitCode = await run(process.argv.slice(2))
