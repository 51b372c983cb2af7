/**
 * The whole server and what it is measured against, in one process. Prints both ports.
 *
 *     node --conditions=@rockpool/source server-process.ts <folder> <requests a second of a user, 0: no limit>
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createLog, loadConfig, startServer } from '@rockpool/server'
import { bareListener } from './bare-server.ts'

const [folder = '', rateLimit = '0'] = process.argv.slice(2)
const secret = 'a secret of the benchmark, thirty-two bytes'
const env = {
  ROCKPOOL_DATA_DIR: join(folder, 'data'),
  ROCKPOOL_JWT_SECRET: secret,
  ROCKPOOL_RATE_LIMIT: rateLimit,
  PORT: '0',
}
// The lines are made and dropped: the terminal is not measured.
const server = await startServer({ config: loadConfig({ env, cwd: folder }), log: createLog(() => {}) })
const bare = createServer(await bareListener(join(folder, 'bare'), secret))
bare.listen(0, '127.0.0.1', () => {
  console.log(`${new URL(server.url).port} ${(bare.address() as AddressInfo).port}`)
})
process.once('SIGTERM', () => process.exit(0))
