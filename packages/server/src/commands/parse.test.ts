import { expect, test } from 'vitest'
import { UsageError } from './command.ts'
import { COMMANDS } from './commands.ts'
import { helpOf } from './help.ts'
import { parseCommandLine } from './parse.ts'

const parse = (line: string) => parseCommandLine(line === '' ? [] : line.split(' '), COMMANDS)

test.each([
  ['', 'Name a command'],
  ['dance', 'There is no command "dance"'],
  ['srve', 'Did you mean "serve"'],
  ['serve --statc x', 'serve has no option --statc. Did you mean "--static"'],
  ['serve -x', 'serve has no option -x'],
  ['serve --static', "'--static <value>' argument missing"],
  ['serve --json=1', "'--json' does not take an argument"],
  ['serve now', 'Write: rockpool-server serve [--static <folder>]'],
  ['version --config', "'--config <value>' argument missing"],
])('wrong use: %s', (line, message) => {
  expect(() => parse(line)).toThrow(UsageError)
  expect(() => parse(line)).toThrow(message)
})

test('reads options of the command and those of all', () => {
  const parsed = parse('serve --static dist --config rockpool.yaml --json')
  if (parsed.kind !== 'run') throw new Error('It is to be run.')
  const { command, flags, configFile, json } = parsed
  expect([command.name, flags.text('static'), configFile, json]).toEqual(['serve', 'dist', 'rockpool.yaml', true])
})

test.each(['--help', 'help', '-h'])('%s lists all commands', (line) => {
  const parsed = parse(line)
  if (parsed.kind !== 'help') throw new Error('It is help.')
  for (const { name } of COMMANDS) expect(helpOf(parsed.command, COMMANDS)).toContain(`\n  ${name} `)
})

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  '%s --help says how it is used',
  (name, command) => {
    const parsed = parse(`${name} --help`)
    expect(parsed).toMatchObject({ kind: 'help', command })
    const text = helpOf(command, COMMANDS)
    expect(text).toMatch(new RegExp(`^Usage: rockpool-server ${name}`))
    expect(text).toContain('Exit codes: 0 done, 1 failed, 2 wrong use')
    for (const option of Object.keys(command.options)) expect(text).toContain(`--${option}`)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(132)
  },
)

test('--version is the command version', () => {
  expect(parse('--version')).toMatchObject({ command: { name: 'version' } })
})
