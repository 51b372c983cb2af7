import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import {
  AUDIENCE,
  FORMER_SECRET,
  ISSUER,
  keyPairCases,
  SECRET,
  sharedSecretCases,
  startIdentityProvider,
} from '@rockpool/access/testing'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { memoryLogs } from '../adapters/memory.ts'
import { testFolder } from '../test-support/folder.ts'
import { httpClient } from '../testing/http-client.ts'
import { connectLive } from '../testing/live-client.ts'
import { type StartOptions, startSyncServer } from './start.ts'

const CLAIMS = { sub: 'ada', stores: { shop: ['read'] } }
const provider = await startIdentityProvider()
afterAll(() => provider.stop())

const start = async (options: StartOptions) => {
  const server = await startSyncServer({ logs: memoryLogs(), ...options })
  onTestFinished(() => server.stop())
  return server
}

describe('startSyncServer', () => {
  it.each(sharedSecretCases(CLAIMS))('with secrets: $what', async ({ token, taken }) => {
    const { url } = await start({ secrets: [SECRET, FORMER_SECRET], issuer: ISSUER, audience: AUDIENCE })
    expect((await httpClient(url, 'shop', await token()).head()).status).toBe(taken ? 200 : 401)
    const live = connectLive(url, 'shop', await token())
    const outcome = await Promise.race([
      live.next().then(
        () => 'open',
        () => live.closed,
      ),
      live.closed,
    ])
    expect(outcome).toBe(taken ? 'open' : 4401)
    live.socket.terminate()
  })

  it.each(keyPairCases(provider, CLAIMS))('with an identity provider: $what', async ({ token, taken }) => {
    const { url } = await start({ jwksUrl: provider.url, issuer: ISSUER, audience: AUDIENCE })
    expect((await httpClient(url, 'shop', await token()).head()).status).toBe(taken ? 200 : 401)
  })

  it('responds storage_unavailable, and closes with 1013, while the keys are unavailable', async () => {
    const { url } = await start({
      jwksUrl: 'http://127.0.0.1:1/jwks',
      issuer: ISSUER,
      audience: AUDIENCE,
      onError: () => {},
    })
    const token = await provider.sign({ ...CLAIMS, iss: ISSUER, aud: AUDIENCE })
    expect((await httpClient(url, 'shop', token).head()).status).toBe(503)
    expect(await connectLive(url, 'shop', token).closed).toBe(1013)
  })

  it.each<[string, StartOptions, RegExp]>([
    ['without a way to verify tokens', {}, /"secrets" or "jwksUrl"/],
    ['with both ways', { secrets: [SECRET], jwksUrl: provider.url }, /"secrets" or "jwksUrl"/],
    ['with keys but no issuer', { jwksUrl: provider.url, audience: AUDIENCE }, /"issuer" and "audience"/],
    ['with a secret that is too short', { secrets: ['short'] }, /32 bytes/],
  ])('does not start %s', async (_, options, message) => {
    await expect(startSyncServer({ logs: memoryLogs(), ...options })).rejects.toThrow(message)
  })

  it('does not start without a place for the logs', async () => {
    await expect(startSyncServer({ secrets: [SECRET] })).rejects.toThrow('dataDir')
  })

  it('does not start on a folder that another server uses', async () => {
    const dataDir = await testFolder()
    const server = await startSyncServer({ dataDir, secrets: [SECRET] })
    await expect(startSyncServer({ dataDir, secrets: [SECRET] })).rejects.toMatchObject({ code: 'locked' })
    await server.stop()
    await (await startSyncServer({ dataDir, secrets: [SECRET] })).stop()
  })

  it('stops once, however often it is asked to', async () => {
    const server = await startSyncServer({ dataDir: await testFolder(), secrets: [SECRET] })
    await Promise.all([server.stop(), server.stop()])
    await server.stop()
  })

  it('leaves the folder free when its port is taken', async () => {
    const dataDir = await testFolder()
    const other = createServer()
    await once(other.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void other.close())
    const { port } = other.address() as AddressInfo
    await expect(startSyncServer({ dataDir, port, secrets: [SECRET] })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await (await startSyncServer({ dataDir, secrets: [SECRET] })).stop()
  })
})
