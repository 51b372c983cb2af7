/** The command line as a command and its input, or a UsageError. Pure. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { suggestion } from '../config/nearest.ts'
import { type Command, type Flags, UsageError } from './command.ts'

const COMMON: ParseArgsOptionsConfig = {
  config: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
}

export type Parsed =
  | { readonly kind: 'help'; readonly command: Command | undefined }
  | {
      readonly kind: 'run'
      readonly command: Command
      readonly flags: Flags
      readonly words: readonly string[]
      readonly configFile: string | undefined
      readonly json: boolean
    }

/** @param args without the names of node and the script. @throws UsageError */
export const parseCommandLine = (args: readonly string[], commands: readonly Command[]): Parsed => {
  const [name, ...rest] = args
  if (name === undefined) throw new UsageError('Name a command. `rockpool-server --help` lists them.')
  if (name === 'help' || name === '--help' || name === '-h') return { kind: 'help', command: undefined }
  const wanted = name === '--version' || name === '-v' ? 'version' : name
  const command = commands.find((each) => each.name === wanted)
  if (!command) {
    const names = commands.map((each) => each.name)
    throw new UsageError(
      `There is no command "${name}".${suggestion(name, names)} \`rockpool-server --help\` lists them.`,
    )
  }
  const { values, positionals } = parse(rest, command)
  if (values.help) return { kind: 'help', command }
  const { words = [] } = command
  if (positionals.length !== words.length) {
    throw new UsageError(`Write: rockpool-server ${command.name} ${command.usage}`.trimEnd())
  }
  return {
    kind: 'run',
    command,
    flags: {
      text: (option) => (typeof values[option] === 'string' ? values[option] : undefined),
      has: (option) => values[option] === true,
    },
    words: positionals,
    configFile: typeof values.config === 'string' ? values.config : undefined,
    json: values.json === true,
  }
}

const parse = (args: readonly string[], command: Command) => {
  const options = { ...command.options, ...COMMON }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    const { message } = error as Error
    const unknown = /Unknown option '(--?[^'\s]+)/.exec(message)?.[1]
    if (unknown === undefined)
      throw new UsageError(`${message.split(/\n|\. /, 1)[0]!.replace(/\.$/, '')}.`, { cause: error })
    const known = Object.keys(options).map((option) => `--${option}`)
    throw new UsageError(`${command.name} has no option ${unknown}.${suggestion(unknown, known)}`, { cause: error })
  }
}
