#!/usr/bin/env node
/** `rockpool-signer <command>`. */
import { parseArgs } from 'node:util'
import { readOrigins } from '@rockpool/access'
import { gcLine, startFromEnvironment } from './commands/serve.ts'
import { readS3, readStore } from './config.ts'
import { collectAll, loadLiveSets, readGcFlags } from './gc/command.ts'
import { openStore } from './open-store.ts'
import { examine } from './s3/doctor.ts'
import { initBucket } from './s3/init.ts'

const USAGE = `Usage: rockpool-signer <command>, configured by the environment (see README)

  serve                                    answers the signer HTTP contract
  doctor                                   tries on the live S3 bucket what it enforces
  init [--create-bucket] [--dry-run]       sets the S3 bucket up: CORS, lifecycle, no public access
  gc [--dry-run] [--grace 7d] [--accept]   deletes what nothing names any more
`

const serve = async (): Promise<void> => {
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

const doctor = async (): Promise<void> => {
  const options = { s3: readS3(process.env), origins: readOrigins(process.env) }
  const healthy = await examine(options, ({ name, verdict, detail }) =>
    process.stdout.write(`${verdict.padEnd(4)}  ${name.padEnd(36)}  ${detail}\n`),
  )
  process.exitCode = healthy ? 0 : 1
}

const init = async (args: string[]): Promise<void> => {
  const { values } = parseArgs({
    args,
    options: { 'create-bucket': { type: 'boolean' }, 'dry-run': { type: 'boolean' } },
  })
  const { 'create-bucket': create = false, 'dry-run': dryRun = false } = values
  await initBucket(
    { s3: readS3(process.env), origins: readOrigins(process.env), create, dryRun },
    ({ what, outcome, note }) =>
      process.stdout.write(`${outcome.padEnd(13)}  ${what}${note === undefined ? '' : `\n${' '.repeat(15)}${note}`}\n`),
  )
}

const gc = async (args: string[]): Promise<void> => {
  const flags = readGcFlags(args)
  const path = process.env.ROCKPOOL_LIVE_SET
  if (!path) throw new Error('ROCKPOOL_LIVE_SET: is not set: the module that reads the event logs.')
  const liveSets = await loadLiveSets(path)
  const { store } = await openStore(readStore(process.env), '')
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  try {
    await collectAll(store, liveSets, flags, interrupted.signal, (storeId, outcome) => {
      process.stdout.write(gcLine(storeId, outcome))
      if (outcome instanceof Error) process.exitCode = 1
    })
  } finally {
    await store.close()
  }
}

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = { serve, doctor, init, gc }

const fail = (error: unknown): never => {
  process.stderr.write(`rockpool-signer: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
if (command) await command(args).catch(fail)
else {
  process.stderr.write(USAGE)
  process.exitCode = name === '--help' || name === 'help' ? 0 : 1
}
