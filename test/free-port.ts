import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that Linux gives to whoever asks for any port, and above those that browsers refuse. */
const [FIRST, END] = [20_000, 32_000]

/**
 * A port on 127.0.0.1 that nothing listens on. It stays free until it is used, and between two starts of a server: other programs
 * of this machine get theirs from another range (`net.ipv4.ip_local_port_range`).
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(FIRST, END)
    const probe = createServer().listen(port, '127.0.0.1')
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}
