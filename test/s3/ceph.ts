/** The real S3 of the tests: `npm test` starts it while the checks run; a filtered run when a test needs it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Ceph {
  /** the variables that tell tests where it is */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Starts a Ceph on ports of its own, in about 13 s. */
export const startCeph = async (): Promise<Ceph> => {
  const folder = mkdtempSync(join(tmpdir(), 'rockpool-ceph-'))
  const [port, monitorPort] = await freePorts(2)
  const script = spawn(join(import.meta.dirname, 'ceph.sh'), [folder, String(port), String(monitorPort)], {
    // Out of reach of a terminal's Ctrl-C: it ends when its standard input does, that is with this process at the latest.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaint = ''
  script.stderr.on('data', (text) => (complaint += text))
  const ended = once(script, 'exit')
  const ready = once(script.stdout, 'data')
  if ((await Promise.race([ready, ended.then(() => 'ended')])) === 'ended') {
    throw new Error(`Ceph does not start:\n${complaint}`)
  }
  return {
    env: {
      ROCKPOOL_TEST_S3_ENDPOINT: `http://127.0.0.1:${port}`,
      ROCKPOOL_TEST_S3_REGION: 'us-east-1',
      ROCKPOOL_TEST_S3_ACCESS_KEY: 'devkey',
      ROCKPOOL_TEST_S3_SECRET_KEY: 'devsecret',
    },
    stop: async () => {
      script.stdin.end()
      await ended
    },
  }
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
