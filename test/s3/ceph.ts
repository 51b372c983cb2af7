/** The real S3 of the tests: `npm test` starts it while the checks run; a filtered run when a test needs it. */
import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const script = (name: string) => join(import.meta.dirname, name)

export interface Ceph {
  /** the variables that tell tests where it is */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Starts a Ceph on ports of its own, in about 13 s. */
export const startCeph = async (): Promise<Ceph> => {
  const folder = mkdtempSync(join(tmpdir(), 'rockpool-ceph-'))
  const stop = async () => void (await run(script('ceph-down.sh'), [folder]))
  const [port, monitorPort] = await freePorts(2)
  try {
    await run(script('ceph-up.sh'), [folder, String(port), String(monitorPort)])
  } catch (error) {
    await stop()
    throw error
  }
  const env = {
    ROCKPOOL_TEST_S3_ENDPOINT: `http://127.0.0.1:${port}`,
    ROCKPOOL_TEST_S3_REGION: 'us-east-1',
    ROCKPOOL_TEST_S3_ACCESS_KEY: 'devkey',
    ROCKPOOL_TEST_S3_SECRET_KEY: 'devsecret',
  }
  return { env, stop }
}

/** Ports that nothing listens on: all are held open until each has one. */
const freePorts = async (count: number) => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((settle) => server.close(settle))))
  return ports
}
