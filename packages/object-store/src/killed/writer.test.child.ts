/**
 * Writes to a local or hybrid store as fast as it can, and says on stdout what was acknowledged, until it is killed. What it
 * writes follows from the key alone, so that whoever started it can tell right bytes from wrong ones.
 */
import { writeSync } from 'node:fs'
import { sha256 } from '@rockpool/protocol'
import { SETUP } from '../local/folder.test.shared.ts'
import { bytesOfKey } from './bytes.test.shared.ts'
import { openRemote } from './remote.test.shared.ts'
import { openHybridStore } from '../hybrid/index.ts'
import { openLocalStore } from '../local/index.ts'

const [run, directory, remote] = process.argv.slice(2) as [string, string, string?]
const store =
  remote === undefined
    ? await openLocalStore({ directory, ...SETUP })
    : await openHybridStore({ directory, ...SETUP, connect: () => openRemote(remote) })
const say = (line: string) => writeSync(1, `${line}\n`)
say('open')

const once = { ifNoneMatch: '*' } as const
const PART = 30_000

const putOnce = async (key: string) => {
  const bytes = bytesOfKey(key)
  await store.put(key, bytes, { size: bytes.length, sha256: await sha256(bytes), ...once })
  say(`has ${key}`)
}

const putAndDelete = async (key: string) => {
  await putOnce(key)
  await store.delete(key)
  say(`lacks ${key}`)
}

/** `current` always holds a whole version; its type says which. */
const replace = async (key: string) => {
  const bytes = bytesOfKey(key)
  await store.put('current', bytes, { size: bytes.length, type: `x/${key}` })
  say(`current ${key}`)
}

const putParts = async (key: string) => {
  const bytes = bytesOfKey(key)
  const uploadId = await store.multipart.start(key, { type: 'video/mp4' })
  for (let number = 1; (number - 1) * PART < bytes.length || number === 1; number++) {
    const part = bytes.slice((number - 1) * PART, number * PART)
    await store.multipart.putPart(key, uploadId, number, part, { size: part.length, sha256: await sha256(part) })
  }
  await store.multipart.complete(key, uploadId, await store.multipart.listParts(key, uploadId))
  say(`has ${key}`)
}

const forEver = async (name: string, write: (key: string) => Promise<void>) => {
  for (let i = 0; ; i++) await write(`${name}-${run}-${i}`)
}

await Promise.all([
  forEver('once', putOnce),
  forEver('also', putOnce),
  forEver('gone', putAndDelete),
  forEver('next', replace),
  forEver('parts', putParts),
])
