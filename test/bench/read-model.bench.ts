/** The gate and the read model beside the append they come with, and the read model beside bare SQLite on the same rows. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { FileQuery } from '../../packages/sync-server/src/read-model/file-query.ts'
import { batchAfter, openLog, percentile } from './file-log.ts'

const FILES = 100_000
const OWNERS = 50
const QUERIES = 1_000
const PAGE = 50

test('appends with the gate and the read model, and alone', async () => {
  const script = join(import.meta.dirname, 'append-process.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@rockpool/source', script])
  console.log(stdout.trimEnd())
})

test(`rebuild in time proportional to the events, and queries of ${FILES} files beside bare SQLite`, async () => {
  await using opened = await openLog({ readModel: false })
  const { database, log, readable } = opened
  const rebuildTimes: string[] = []
  for (let head = 0; head < FILES;) {
    const owner = `user-${(head / 1_000) % OWNERS}`
    const withPath = (index: number) => ({ path: `day ${index % 1_000}/photo ${index}.jpg` })
    await log.append(head, batchAfter(head, 1_000, withPath).events, { sub: owner, at: 1 })
    head += 1_000
    if (![FILES / 4, FILES / 2, FILES].includes(head)) continue
    const [start, cpu] = [performance.now(), process.cpuUsage()]
    await readable.readModel.rebuild()
    const { user, system } = process.cpuUsage(cpu)
    const perEvent = [(performance.now() - start) * 1_000, user + system].map((us) => (us / head).toFixed(1))
    rebuildTimes.push(`${head} events ${perEvent.join(' µs, cpu ')} µs each`)
  }
  console.log(`rebuild: ${rebuildTimes.join('; ')}`)

  const select = (where: string) =>
    database.prepare(
      `SELECT * FROM files WHERE deletedAt IS NULL AND ${where} ORDER BY createdAt DESC, seqNum DESC LIMIT ${PAGE + 1}`,
    )
  const compare = async (
    what: string,
    toQuery: (query: number) => FileQuery,
    bareRows: (query: number) => unknown[],
  ) => {
    const [ours, raw]: [number[], number[]] = [[], []]
    for (let query = 0; query < QUERIES; query++) {
      let start = performance.now()
      const { files } = await readable.readModel.files({ ...toQuery(query), limit: PAGE })
      ours.push(performance.now() - start)
      start = performance.now()
      const rows = bareRows(query)
      raw.push(performance.now() - start)
      expect(files.length).toBe(Math.min(rows.length, PAGE))
    }
    const [p99, bareP99, median, bareMedian] = [0.99, 0.5].flatMap((share) =>
      [ours, raw].map((each) => percentile(each, share)),
    )
    console.log(
      `${FILES} files, a page by ${what}: p99 ${p99!.toFixed(2)} ms, bare SQLite ${bareP99!.toFixed(2)} ms, ` +
        `ratio ${(p99! / bareP99!).toFixed(2)}; median ${median!.toFixed(2)} ms, bare ${bareMedian!.toFixed(2)} ms, ratio ${(median! / bareMedian!).toFixed(2)}`,
    )
  }

  const ownerOfQuery = (query: number) => `user-${query % OWNERS}`
  const sizeOf = (query: number) => {
    const min = 1_000 + ((query * 104_729) % 900_000)
    return { min, max: min + 100_000 }
  }
  const byOwner = select('ownerId = ? AND bucket = ? AND size BETWEEN ? AND ?')
  await compare(
    'owner, bucket and size',
    (query) => ({ ownerId: ownerOfQuery(query), bucket: 'files', size: sizeOf(query) }),
    (query) => byOwner.all(ownerOfQuery(query), 'files', sizeOf(query).min, sizeOf(query).max),
  )
  const byReader = select(`(bucket = 'files' OR bucket = 'inbox' AND ownerId = ?) AND size <= ?`)
  await compare(
    'reader and size, as REST lists objects',
    (query) => ({
      readableBy: { ownerId: ownerOfQuery(query), buckets: ['files'], ownBuckets: ['inbox'] },
      size: { max: sizeOf(query).max },
    }),
    (query) => byReader.all(ownerOfQuery(query), sizeOf(query).max),
  )
  const byPrefix = select('bucket = ? AND path >= ? AND path < ?')
  await compare(
    'what a path begins with',
    (query) => ({ bucket: 'files', pathPrefix: `day ${query}/` }),
    (query) => byPrefix.all('files', `day ${query}/`, `day ${query}0`),
  )
})
