#!/usr/bin/env node
/** `rockpool-signer <command>`. */
import { startFromEnvironment } from './commands/serve.ts'

const USAGE = `Usage: rockpool-signer <command>

  serve   answers the signer HTTP contract, configured by the environment (see README)
`

const serveCommand = async (): Promise<void> => {
  const signer = await startFromEnvironment(process.env, (line) => process.stdout.write(line))
  process.stderr.write(`rockpool-signer: listening on ${signer.url}\n`)
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The second one means it.
      if (stopping) process.exit(1)
      stopping = true
      void signer.stop().then(() => process.exit(0), fail)
    })
  }
}

const fail = (error: unknown): never => {
  process.stderr.write(`rockpool-signer: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = { serve: serveCommand }

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
if (command) await command(args).catch(fail)
else {
  process.stderr.write(USAGE)
  process.exitCode = name === '--help' || name === 'help' ? 0 : 1
}
