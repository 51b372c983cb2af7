/** The control socket of a running server: in its data folder, so that only its user may open it. */
import { join } from 'node:path'

/** `sun_path` has 104 bytes on macOS, 108 on Linux, with a zero at the end (unix(7)). */
const MAX_PATH_BYTES = 103

/** undefined: the system has no such socket at this path. Commands need the server stopped then. */
export const controlSocket = (dataDir: string): string | undefined => {
  const path = join(dataDir, 'control.sock')
  return process.platform === 'win32' || Buffer.byteLength(path) > MAX_PATH_BYTES ? undefined : path
}
