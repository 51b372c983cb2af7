/** What the contents of the plan are, computed by Node's own crypto. */
import { createHash } from 'node:crypto'
import { PART_SIZE } from '@rockpool/protocol'
import { contentOf } from './app/src/content.ts'
import type { Served } from './app/src/read.ts'

export interface Expected {
  readonly size: number
  readonly sha256: string
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/** The address by its definition (ARCHITECTURE.md), not by the code under test. */
const addressOf = (bytes: Uint8Array): string => {
  if (bytes.length <= PART_SIZE) return sha256(bytes).toString('hex')
  const digests: Buffer[] = []
  for (let at = 0; at < bytes.length; at += PART_SIZE) digests.push(sha256(bytes.subarray(at, at + PART_SIZE)))
  return `${sha256(Buffer.concat(digests)).toString('hex')}-${digests.length}`
}

/** @returns by content address */
export const expectedContents = (contents: readonly Uint8Array[]): ReadonlyMap<string, Expected> =>
  new Map(
    contents.map((bytes) => [addressOf(bytes), { size: bytes.length, sha256: sha256(bytes).toString('hex') }] as const),
  )

export const numberedContents = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, number) => contentOf(number))

/** @returns what is wrong with bytes that were served; undefined when they are right */
export const wrongBytes = (expected: ReadonlyMap<string, Expected>, served: Served): string | undefined => {
  const { id, remoteKey, size, sha256 } = served
  const content = expected.get(remoteKey.split('/').at(-1)!)
  if (!content) return `the file ${id} names content that no one has written: ${remoteKey}`
  if (content.size === size && content.sha256 === sha256) return undefined
  return `other bytes were served for the file ${id}: ${size} of ${content.size}, SHA-256 ${sha256}`
}
