/** Contents for tests, the same in every run, and their hashes computed by Node's own crypto. */
import { createCipheriv, createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'

export const MiB = 1024 * 1024

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Pseudo-random bytes: no two parts of a content are alike, and nothing compresses. */
export const randomBytes = (seed: string, size: number): Buffer => {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size))
}

/** What `tab.add(name, seed, size)` adds: the seed, then zeros. */
export const bytesOf = (seed: string, size: number): Buffer => {
  const bytes = Buffer.alloc(size)
  bytes.write(seed)
  return bytes
}

/** A valid PNG of random pixels. */
export const png = (seed: string, width: number, height: number): Buffer => {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8) // 8 bits, RGB
  const row = 1 + 3 * width
  const pixels = randomBytes(seed, row * height)
  for (let y = 0; y < height; y++) pixels[y * row] = 0 // no filter
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(pixels)), chunk('IEND')])
}

const chunk = (type: string, data: Uint8Array = Buffer.alloc(0)) => {
  const body = Buffer.concat([Buffer.from(type), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}

/** A folder of files to pick. */
export const createFolder = async (files: Record<string, Uint8Array>) => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-files-'))
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
  return {
    path: (name: string) => join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
