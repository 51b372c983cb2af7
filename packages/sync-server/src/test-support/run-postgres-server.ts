/** A sync server on Postgres in a process of its own: `run-postgres-server.ts <database url> <port>`. Says `<url>` when it listens. */
import { writeSync } from 'node:fs'
import { SECRET } from '@rockpool/access/testing'
import { postgresLogs } from '../adapters/postgres/index.ts'
import { startSyncServer } from '../node/start.ts'

const [databaseUrl, port] = process.argv.slice(2) as [string, string]
const logs = await postgresLogs({ url: databaseUrl, connections: 4 })
const server = await startSyncServer({ logs, port: Number(port), secrets: [SECRET] })
process.once('SIGTERM', () => void server.stop())
writeSync(1, `${server.url}\n`)
