/** Files that must not be taken for an empty log, and the folder around them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, it } from 'vitest'
import { eventsAfter } from '../../testing/events.ts'
import { testFolder } from '../../test-support/folder.ts'
import { sqliteLogs } from './index.ts'

const ORIGIN = { sub: 'ada', at: 1 }
const ALL = { limit: 1_000, maxBytes: 1024 * 1024 }

let directory: string
let backendId: string
const inFolder = (name: string) => path.join(directory, name)
const filesOf = async (): Promise<Record<string, Buffer>> => {
  const names = (await readdir(directory)).filter((name) => !name.startsWith('folder.lock')).toSorted()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(inFolder(name))] as const)),
  )
}
const change = (statement: string) => {
  const database = new DatabaseSync(inFolder('shop.sqlite'))
  database.exec(statement)
  database.close()
}
const openShop = async () => {
  const logs = await sqliteLogs({ directory })
  try {
    const log = await logs.open('shop')
    return { backendId: log.backendId, head: await log.head() }
  } finally {
    await logs.close()
  }
}

beforeEach(async () => {
  directory = await testFolder()
  const logs = await sqliteLogs({ directory })
  const log = await logs.open('shop')
  backendId = log.backendId
  const text = 'x'.repeat(1_000)
  await log.append(0, eventsAfter(0, ...Array.from({ length: 100 }, () => text)), ORIGIN)
  await logs.close()
})

describe('a log file that is refused, and left as it is', () => {
  it.each<[string, string, () => Promise<void> | void]>([
    ['that is missing', 'missing', () => rm(inFolder('shop.sqlite'))],
    ['that is empty', 'missing', () => truncate(inFolder('shop.sqlite'))],
    ['that is no database', 'corrupt', () => writeFile(inFolder('shop.sqlite'), 'hello '.repeat(1_000))],
    ['that was cut in the middle', 'corrupt', () => truncate(inFolder('shop.sqlite'), 8_192)],
    [
      'whose pages were overwritten',
      'corrupt',
      async () => {
        const bytes = await readFile(inFolder('shop.sqlite'))
        await writeFile(inFolder('shop.sqlite'), bytes.fill(7, 3 * 4_096, 9 * 4_096))
      },
    ],
    ['that lacks an event', 'corrupt', () => change('DELETE FROM events WHERE seqNum = 50')],
    ['that lacks its tables', 'corrupt', () => change('DROP TABLE events')],
    ['that lacks its identity', 'corrupt', () => change('DELETE FROM log')],
    ['of another program', 'corrupt', () => change('PRAGMA user_version = 0')],
    ['of a newer version', 'newer_version', () => change('PRAGMA user_version = 2')],
    ['of a newer version, by its table', 'newer_version', () => change('UPDATE log SET version = 2')],
    ['of another store', 'corrupt', () => change("UPDATE log SET storeId = 'Shop'")],
    ['that was replaced by another log', 'corrupt', () => change("UPDATE log SET backendId = 'another'")],
  ])('%s', async (_, code, damage) => {
    await damage()
    const before = await filesOf()
    for (let attempt = 0; attempt < 2; attempt++) {
      const opening = openShop()
      await expect(opening).rejects.toMatchObject({
        name: 'EventLogError',
        code,
        message: expect.stringMatching(/^[^\n]*"shop"[^\n]*\. [A-Z][^\n]*\.$/),
      })
    }
    expect(await filesOf()).toEqual(before)
  })

  it('is taken again when it was restored from a backup', async () => {
    await copyFile(inFolder('shop.sqlite'), inFolder('backup'))
    await rm(inFolder('shop.sqlite'))
    await expect(openShop()).rejects.toMatchObject({ code: 'missing' })
    await copyFile(inFolder('backup'), inFolder('shop.sqlite'))
    expect(await openShop()).toEqual({ backendId, head: 100 })
  })

  it('does not keep other stores from opening', async () => {
    await rm(inFolder('shop.sqlite'))
    const logs = await sqliteLogs({ directory })
    await expect(logs.open('shop')).rejects.toMatchObject({ code: 'missing' })
    expect(await (await logs.open('other')).head()).toBe(0)
    await logs.close()
  })
})

describe('the marker of a log', () => {
  it('is written again when a crash has prevented it', async () => {
    await rm(inFolder('shop.id'))
    expect(await openShop()).toEqual({ backendId, head: 100 })
    await rm(inFolder('shop.sqlite'))
    await expect(openShop()).rejects.toMatchObject({ code: 'missing' })
  })

  it('can be deleted with the log to start an empty one', async () => {
    await rm(inFolder('shop.id'))
    await rm(inFolder('shop.sqlite'))
    expect(await openShop()).toMatchObject({ head: 0 })
  })
})

describe('the folder of the logs', () => {
  it('has a log for each store that was opened, and is listed by their ids', async () => {
    const logs = await sqliteLogs({ directory })
    await logs.open('a_b-C')
    await writeFile(inFolder('not a store.id'), '')
    expect((await logs.storeIds!()).toSorted()).toEqual(['a_b-C', 'shop'])
    await logs.close()
    await expect(logs.storeIds!()).rejects.toMatchObject({ code: 'closed' })
  })

  it('is private: mode 0700 for the folder, 0600 for the files', async () => {
    directory = path.join(directory, 'new', 'logs')
    const logs = await sqliteLogs({ directory })
    await (await logs.open('shop')).append(0, eventsAfter(0, 'a'), ORIGIN)
    const mode = async (name: string) => (await stat(name)).mode & 0o777
    expect(await mode(directory)).toBe(0o700)
    const names = await readdir(directory)
    expect(names).toEqual(expect.arrayContaining(['shop.sqlite', 'shop.sqlite-wal', 'shop.id', 'folder.lock']))
    for (const name of names) expect([name, await mode(inFolder(name))]).toEqual([name, 0o600])
    await logs.close()
  })

  it('cannot be used twice at the same time, also in one process', async () => {
    const logs = await sqliteLogs({ directory })
    await expect(sqliteLogs({ directory })).rejects.toMatchObject({ name: 'EventLogError', code: 'locked' })
    await logs.close()
    await (await sqliteLogs({ directory })).close()
  })

  it('refuses calls after close, which may be called again', async () => {
    const logs = await sqliteLogs({ directory })
    const log = await logs.open('shop')
    await logs.close()
    await logs.close()
    await expect(logs.open('shop')).rejects.toMatchObject({ name: 'EventLogError', code: 'closed' })
    await expect(log.head()).rejects.toMatchObject({ code: 'closed' })
  })

  it('is free again when the process that used it was killed', async () => {
    const script = path.join(import.meta.dirname, '../../test-support/hold-folder.ts')
    const child = spawn(process.execPath, ['--conditions=@rockpool/source', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await expect(sqliteLogs({ directory })).rejects.toMatchObject({ code: 'locked' })
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    expect(await openShop()).toEqual({ backendId, head: 101 })
  })

  it('that is a file is refused', async () => {
    const opening = sqliteLogs({ directory: inFolder('shop.id') })
    await expect(opening).rejects.toMatchObject({ name: 'EventLogError', code: 'unavailable' })
  })

  it('keeps at most 256 files open, and opens the others again', { timeout: 60_000 }, async () => {
    const logs = await sqliteLogs({ directory })
    const opened = []
    for (let store = 0; store < 260; store++) {
      const log = await logs.open(`store-${store}`)
      await log.append(0, eventsAfter(0, store), ORIGIN)
      opened.push(log)
    }
    const walFiles = (await readdir(directory)).filter((name) => name.endsWith('-wal'))
    expect(walFiles).toHaveLength(256)
    for (const [store, log] of opened.entries()) {
      expect((await log.read(0, ALL)).events).toMatchObject([{ argsJson: JSON.stringify({ value: store }) }])
    }
    await logs.close()
  })
})
