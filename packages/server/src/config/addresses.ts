/** Network addresses: which proxies are trusted, and who sent a request that came through them. */
import { BlockList, isIP } from 'node:net'
import { type Environment, variable, wrongVariable } from '@rockpool/access'

export interface TrustedProxies {
  /** @param address of a connection, or of an entry of X-Forwarded-For */
  trusts(address: string): boolean
}

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

/**
 * Reads `ROCKPOOL_TRUSTED_PROXIES`: addresses and networks such as `10.0.0.0/8`, separated by commas. None unless set.
 *
 * @throws RockpoolError `bad_request`
 */
export const readProxies = (env: Environment): TrustedProxies => {
  const list = new BlockList()
  const entries = (variable(env, 'ROCKPOOL_TRUSTED_PROXIES') ?? '').split(',').map((entry) => entry.trim())
  for (const entry of entries.filter((each) => each !== '')) {
    const [address = '', prefix, ...rest] = entry.split('/')
    const version = isIP(address)
    const most = version === 6 ? 128 : 32
    const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    if (version === 0 || rest.length > 0 || !(bits <= most)) {
      throw wrongVariable('ROCKPOOL_TRUSTED_PROXIES', `"${entry}" is no address or network such as 10.0.0.0/8`)
    }
    list.addSubnet(address, bits, family(version))
  }
  return {
    trusts: (address) => {
      const plain = withoutMapping(address)
      const version = isIP(plain)
      return version !== 0 && list.check(plain, family(version))
    },
  }
}

/**
 * The address of the client: that of the connection or, behind trusted proxies, the last entry of X-Forwarded-For that no
 * trusted proxy has. Entries before it are the client's own words.
 */
export const clientAddress = (
  remote: string | undefined,
  forwardedFor: string | undefined,
  proxies: TrustedProxies,
): string | undefined => {
  let address = remote === undefined ? undefined : withoutMapping(remote)
  const hops = (forwardedFor ?? '').split(',').map((hop) => hop.trim())
  while (address !== undefined && proxies.trusts(address)) {
    const hop = hops.pop()
    if (hop === undefined || isIP(withoutMapping(hop)) === 0) break
    address = withoutMapping(hop)
  }
  return address
}

const family = (version: number) => (version === 6 ? 'ipv6' : 'ipv4')

/** A socket for both versions reports IPv4 addresses as `::ffff:10.0.0.1`. */
const withoutMapping = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')
