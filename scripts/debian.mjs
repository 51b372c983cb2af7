/** Programs the tests need beside npm packages: from the environment, from the machine, else from Debian packages. */
import { existsSync } from 'node:fs'
import { captured } from './processes.mjs'

/** What a test run may need. `paths`: present when all are. `env`: the variables that stand in for the packages. */
const NEEDS = {
  chromium: { packages: ['chromium'], paths: ['/usr/bin/chromium'], env: ['CHROME_PATH'] },
  firefox: { packages: ['firefox-esr'], paths: ['/usr/bin/firefox-esr'], env: ['FIREFOX_PATH'] },
  // Not WebKitGTK's own MiniBrowser: test/e2e/webkit/browser.py. The codecs are GStreamer's.
  webkit: {
    packages: [
      ...['webkit2gtk-driver', 'xvfb', 'python3-gi', 'gir1.2-webkit2-4.1', 'gir1.2-gtk-3.0'],
      ...['gstreamer1.0-plugins-good', 'gstreamer1.0-libav'],
    ],
    paths: ['/usr/bin/WebKitWebDriver', '/usr/bin/Xvfb', '/usr/lib/python3/dist-packages/gi'],
    env: [],
  },
  s3: {
    packages: ['ceph-mon', 'ceph-osd', 'ceph-mgr', 'radosgw', 'ceph-common'],
    paths: ['ceph-mon', 'ceph-osd', 'ceph-mgr', 'radosgw', 'ceph'].map((name) => `/usr/bin/${name}`),
    env: ['ENDPOINT', 'REGION', 'ACCESS_KEY', 'SECRET_KEY'].map((name) => `ROCKPOOL_TEST_S3_${name}`),
  },
  // Its own programs are in a folder whose name has the version.
  postgres: { packages: ['postgresql'], paths: ['/usr/bin/pg_createcluster'], env: ['ROCKPOOL_TEST_POSTGRES_URL'] },
  // For the examples of packages/server/deploy. No variable stands in for them.
  compose: { packages: ['docker-compose'], paths: ['/usr/bin/docker-compose'], env: [] },
  caddy: { packages: ['caddy'], paths: ['/usr/bin/caddy'], env: [] },
  systemd: { packages: ['systemd'], paths: ['/usr/bin/systemd-analyze'], env: [] },
  // For examples/claim-check, and for packages/artifacts: S3 clients that nobody here wrote.
  ffmpeg: { packages: ['ffmpeg'], paths: ['/usr/bin/ffmpeg', '/usr/bin/ffprobe'], env: [] },
  's3-clients': {
    packages: ['awscli', 'python3-boto3', 'rclone'],
    paths: ['/usr/bin/aws', '/usr/lib/python3/dist-packages/boto3', '/usr/bin/rclone'],
    env: [],
  },
}

/** Whether the environment gives this piece, so that nothing needs to be installed or started for it. */
export const isGiven = (name) => {
  const { env } = NEEDS[name]
  return env.length > 0 && env.every((variable) => process.env[variable])
}

/** Those that are reached over the network, so that the environment names no program. */
const SERVERS = new Set(['s3', 'postgres'])

const isPresent = (name) =>
  isGiven(name) ? SERVERS.has(name) || existsSync(process.env[NEEDS[name].env[0]]) : NEEDS[name].paths.every(existsSync)

/**
 * Installs what is missing of `names`, if this is root on a Debian.
 *
 * @returns for each piece that is still missing its name and one line that says what to do
 */
export const ensurePrograms = async (names) => {
  const packages = names.filter((name) => !isPresent(name) && !isGiven(name)).flatMap((name) => NEEDS[name].packages)
  if (packages.length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) await install(packages)
  return names
    .filter((name) => !isPresent(name))
    .map((name) => {
      const { env, packages } = NEEDS[name]
      const instead = env.length > 0 ? `, or set ${env.join(', ')}` : ''
      return { name, message: `Missing: ${name}. Install ${packages.join(' ')}${instead}.` }
    })
}

const install = async (packages) => {
  console.log(`Installing ${packages.join(' ')} (apt-get) …`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const args = ['install', '--yes', '--quiet', '--no-install-recommends', ...packages]
  const attempt = await captured('apt-get', args, { env })
  if (attempt.code === 0) return
  // The machine has no package lists yet, or old ones.
  await captured('apt-get', ['update', '--quiet'], { env })
  const { code, output } = await captured('apt-get', args, { env })
  if (code !== 0) console.error(`apt-get install failed:\n${output.trim().split('\n').slice(-5).join('\n')}`)
}
