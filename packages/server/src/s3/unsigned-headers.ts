/**
 * What S3 makes of headers that the signer did not sign. The holder of a signed upload chooses them freely: AWS refuses each
 * that begins with `x-amz-`, as SigV4 demands; others, Ceph 16 among them, obey.
 */
import type { ObjectStore, Presigned } from '@rockpool/object-store'
import { sha256 } from '@rockpool/protocol'
import { probeKey, readAnonymously, type Report, send } from './probes.ts'

const BYTES = new TextEncoder().encode('What the doctor uploads under unsigned headers.')
/** Of another length: its size gives a copy away. */
const FOREIGN = new TextEncoder().encode('What somebody else keeps.')
const NOTHING = new Uint8Array()

/** Tries them, with uploads of its own that it removes. @param bucket the S3 bucket's name */
export const examineUnsignedHeaders = async (store: ObjectStore, bucket: string, report: Report): Promise<void> => {
  await examineAcl(store, report)
  await examineGrants(store, report)
  await examineCopies(store, bucket, report)
  await examineMetadata(store, report)
  await examineEncoding(store, report)
}

const examineAcl = async (store: ObjectStore, report: Report): Promise<void> => {
  const name = 'unsigned public ACL'
  await uploading(store, BYTES, async (signed) => {
    const { ok, status } = await send(signed, BYTES, { 'x-amz-acl': 'public-read' })
    if (!ok) return report(name, 'ok', `refused with ${status}`)
    const anonymous = await readAnonymously(signed.url)
    if (!anonymous.ok)
      return report(name, 'ok', `void: reading without a signature is refused with ${anonymous.status}`)
    const advice = 'Run: rockpool-server init; where that says "unsupported", use another vendor'
    report(name, 'fail', `obeyed: an uploader can let the whole world read. ${advice}`)
  })
}

/** A grant that takes the owner of the S3 bucket the right to read. */
const examineGrants = async (store: ObjectStore, report: Report): Promise<void> => {
  const name = 'unsigned grant'
  await uploading(store, BYTES, async (signed, key) => {
    const everybody = 'uri=http://acs.amazonaws.com/groups/global/AllUsers'
    const { ok, status } = await send(signed, BYTES, { 'x-amz-grant-read-acp': everybody })
    if (!ok) return report(name, 'ok', `refused with ${status}`)
    const before = await fetch((await store.signGet({ key, expiresIn: 60 })).url)
    await before.body?.cancel()
    if (before.ok) return report(name, 'ok', 'taken, without effect')
    const healed = await store.head(key).then(
      () => true,
      () => false,
    )
    const detail = healed
      ? 'obeyed: an uploader can make that object unreadable; the server makes it private again when it looks at it'
      : 'obeyed: an uploader can make that object unreadable. Give the credentials PutObjectAcl, or use another vendor'
    report(name, healed ? 'warn' : 'fail', detail)
  })
}

/** A copy is of any object that the signer may read, whatever digest was signed: the bytes of the body count for nothing. */
const examineCopies = async (store: ObjectStore, bucket: string, report: Report): Promise<void> => {
  const foreign = probeKey()
  await store.put(foreign, FOREIGN, { size: FOREIGN.length })
  const copy = { 'x-amz-copy-source': `${bucket}/${foreign}` }
  const tell = (name: string, status: number, copied: boolean, verdict: 'warn' | 'fail', meaning: string) =>
    report(name, copied ? verdict : 'ok', copied ? `obeyed: ${meaning}` : `no copy: responded ${status}`)
  try {
    for (const [name, body, verdict, meaning] of [
      ['unsigned copy', BYTES, 'fail', READS_ALL],
      [
        'unsigned copy, empty upload',
        NOTHING,
        'warn',
        'the signer signs no upload of 0 bytes, and nothing else should',
      ],
    ] as const) {
      await uploading(store, body, async (signed, key) => {
        const { status } = await send(signed, body, copy)
        const copied = (await store.exists(key)) && (await store.head(key)).size === FOREIGN.length
        tell(name, status, copied, verdict, meaning)
      })
    }
    const key = probeKey()
    const uploadId = await store.multipart.start(key, { type: 'text/plain' })
    try {
      const part = { size: BYTES.length, sha256: await sha256(BYTES), expiresIn: 60 }
      const signed = await store.multipart.signPart({ key, uploadId, number: 1, ...part })
      const { status } = await send(signed, BYTES, copy)
      const parts = await store.multipart.listParts(key, uploadId)
      tell(
        'unsigned copy, part',
        status,
        parts.some(({ size }) => size === FOREIGN.length),
        'fail',
        READS_ALL,
      )
    } finally {
      await store.multipart.abort(key, uploadId)
    }
  } finally {
    await store.delete(foreign)
  }
}

const READS_ALL = 'an uploader can read every object. Update the server, or use another vendor'

const examineMetadata = async (store: ObjectStore, report: Report): Promise<void> => {
  await uploading(store, BYTES, async (signed, key) => {
    const { ok, status } = await send(signed, BYTES, { 'x-amz-meta-doctor': 'was here' })
    if (!ok) return report('unsigned metadata', 'ok', `refused with ${status}`)
    const kept = (await readSigned(store, key)).has('x-amz-meta-doctor')
    const detail =
      'kept, as other x-amz- headers may be (tags, storage class): uploaders choose. Rockpool reads none of them'
    report('unsigned metadata', kept ? 'warn' : 'ok', kept ? detail : 'taken, not kept')
  })
}

/** Not a header that SigV4 protects: AWS keeps it, too. Signed reads must undo it, or one upload spoils an address for all. */
const examineEncoding = async (store: ObjectStore, report: Report): Promise<void> => {
  await uploading(store, BYTES, async (signed, key) => {
    const { ok, status } = await send(signed, BYTES, { 'content-encoding': 'gzip' })
    if (!ok) return report('unsigned content-encoding', 'ok', `refused with ${status}`)
    const spoilt = (await readSigned(store, key)).get('content-encoding') === 'gzip'
    const detail = spoilt
      ? 'kept and sent to readers: the first uploader can make that content unreadable'
      : 'signed reads do not send it'
    report('unsigned content-encoding', spoilt ? 'warn' : 'ok', detail)
  })
}

/** A signed upload of these bytes, and nothing left of it. */
const uploading = async (
  store: ObjectStore,
  bytes: Uint8Array<ArrayBuffer>,
  examine: (signed: Presigned, key: string) => Promise<void>,
): Promise<void> => {
  const key = probeKey()
  const request = { key, size: bytes.length, type: 'text/plain', sha256: await sha256(bytes), expiresIn: 60 }
  try {
    await examine(await store.signPut(request), key)
  } finally {
    await store.delete(key)
  }
}

/** The headers that a reader gets. */
const readSigned = async (store: ObjectStore, key: string): Promise<Headers> => {
  const { headers, body } = await fetch((await store.signGet({ key, expiresIn: 60 })).url)
  // A body that cannot be decoded says so here, too.
  await body?.cancel().catch(() => {})
  return headers
}
