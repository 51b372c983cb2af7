/** The texts of `--help`. Pure. */
import type { Command } from './command.ts'

const COMMON = `
Options of every command:
  --config <file>  the configuration; else ROCKPOOL_CONFIG, else rockpool.yaml in this folder
  --json           the result as one JSON value
  --help           this text

Exit codes: 0 done, 1 failed, 2 wrong use of the command line.
`

export const helpOf = (command: Command | undefined, commands: readonly Command[]): string => {
  if (!command) {
    const width = Math.max(...commands.map(({ name }) => name.length))
    const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
    return ['Usage: rockpool-server <command> [options]', '', ...list].join('\n') + `\n${COMMON}`
  }
  const { name, usage, summary, details } = command
  const body = details === '' ? '' : `\n${details.replace(/^\n|\n$/g, '')}\n`
  return `Usage: rockpool-server ${name} ${usage}`.trimEnd() + `\n\n${summary}.\n${body}${COMMON}`
}
