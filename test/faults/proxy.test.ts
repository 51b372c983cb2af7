import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Random } from '@rockpool/core/simulation'
import { expect, onTestFinished, test } from 'vitest'
import { startProxy } from './proxy.ts'
import { CALM, type Fault, type RequestKind } from './weather.ts'

/** Late enough in a request or response to be in the second half. */
const AT = 0.7
const random: Random = { next: () => AT, int: () => 0, chance: () => false, pick: ([first]) => first! }

/** A device that stalls gives up after this time. */
const STALL_MS = 500

const SIGNED = '{"url":"STORAGE/reef/files/a"}'

/** A server that is both the signer and the object store, behind a proxy with one fault. */
const startWorld = async (fault: Fault | undefined, kind: RequestKind, isKilled = false) => {
  const upstream = createServer((incoming, outgoing) => {
    incoming.resume().once('end', () => {
      if (isKilled) {
        outgoing.writeHead(200, { 'content-length': 100 })
        return outgoing.write('the first bytes', () => outgoing.destroy())
      }
      if (incoming.method === 'PUT') return outgoing.writeHead(200, { 'content-length': 0 }).end()
      outgoing.end(SIGNED.replace('STORAGE', storage))
    })
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const { port } = upstream.address() as AddressInfo
  const storage = `http://127.0.0.1:${port}`
  const proxy = await startProxy({ port, storage }, random)
  proxy.weather = fault ? { ...CALM, faults: { [fault]: 1 }, kinds: [kind] } : CALM
  onTestFinished(async () => {
    await proxy[Symbol.asyncDispose]()
    upstream.closeAllConnections()
    upstream.close()
  })
  return proxy
}

type Request = readonly [kind: RequestKind, method: string, body?: string]

const outcomeOf = async (
  fault: Fault | undefined,
  [kind, method, body]: Request,
  isKilled = false,
): Promise<string> => {
  const proxy = await startWorld(fault, kind, isKilled)
  const url = kind === 'object' ? `${proxy.storageUrl}/reef` : `${proxy.url}signer/download-url`
  const signal = fault === 'stall' ? AbortSignal.timeout(STALL_MS) : null
  const init = { method, signal, ...(body !== undefined && { body }) }
  try {
    const text = await (await fetch(url, init)).text()
    return text.replace(proxy.storageUrl, 'the proxy')
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? 'nothing' : 'cut'
  }
}

const signer: Request = ['signer', 'POST', '{}']
const get: Request = ['object', 'GET']
const put: Request = ['object', 'PUT', 'the bytes of a file']

test.each<[Fault | undefined, string, Request, string]>([
  [undefined, 'a response of the signer', signer, SIGNED.replace('STORAGE', 'the proxy')],
  ['truncated', 'a response of the signer', signer, 'cut'],
  ['truncated', 'a download', get, 'cut'],
  ['truncated', 'a response without bytes', put, 'cut'],
  ['stall', 'a response of the signer', signer, 'nothing'],
  ['stall', 'a download', get, 'nothing'],
  ['stall', 'a response without bytes', put, 'nothing'],
])('the fault %s of %s happens', async (fault, _, request, outcome) => {
  expect(await outcomeOf(fault, request)).toBe(outcome)
})

test.each([
  ['the signer', signer],
  ['the object store', get],
] as const)('a response that %s does not end, because it is killed, is cut', async (_, request) => {
  expect(await outcomeOf(undefined, request, true)).toBe('cut')
})
