/** A sync server in a process of its own: `run-server.ts <dataDir> <port>`. Says `<url>` when it listens. */
import { writeSync } from 'node:fs'
import { startSyncServer } from '../node/start.ts'
import { SECRET } from '@rockpool/access/testing'

const [dataDir, port] = process.argv.slice(2) as [string, string]
const { url } = await startSyncServer({ dataDir, port: Number(port), secrets: [SECRET] })
writeSync(1, `${url}\n`)
