import { hashContent, buildRemoteKey, type ContentAddress } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import {
  change,
  type ContentRow,
  decision,
  type EngineRow,
  type FileRow,
  type LocalIndex,
  INDEX_KEYS,
  type IndexKey,
  type IndexRows,
  keyOfRow,
  type IndexTable,
  type IndexTables,
  put,
  remove,
} from '../ports/local-index.ts'
import type { ChangeCursor } from '../ports/record-log.ts'

export interface IndexFixture extends AsyncDisposable {
  readonly index: LocalIndex
  /** A further handle on the same storage, as another tab has. */
  another(): Promise<LocalIndex>
  /** Closes all handles and opens a new one on the same storage. */
  reopen(): Promise<LocalIndex>
}

/** What every LocalIndex must do. `make` gives an empty one, and removes it when it is disposed of. */
export const indexSuite = (name: string, make: () => Promise<IndexFixture>): void => {
  describe(`LocalIndex: ${name}`, () => {
    describe('rows', () => {
      test.each(Object.keys(INDEX_KEYS) as IndexTable[])('of table %s are kept as they are', async (table) => {
        await using fixture = await make()
        const row = (await sampleRows())[table]
        const key = keyOfRow(table, row)
        expect(await fixture.index.get(table, key)).toBeUndefined()
        expect(await fixture.index.getAll(table)).toEqual([])
        await fixture.index.write([put(table, row)])
        expect(await fixture.index.get(table, key)).toEqual(row)
        expect(await fixture.index.getAll(table)).toEqual([row])
        const index = await fixture.reopen()
        expect(await index.get(table, key)).toEqual(row)
        await index.write([remove(table, key)])
        expect(await index.get(table, key)).toBeUndefined()
        expect(await index.getAll(table)).toEqual([])
      })

      test('of several tables with the same key are different rows', async () => {
        await using fixture = await make()
        const { index } = fixture
        const { outbox } = await sampleRows()
        await index.write([put('files', file('x')), put('outbox', { ...outbox, id: 'x' })])
        await index.write([remove('files', 'x')])
        expect(await index.get('files', 'x')).toBeUndefined()
        expect(await index.get('outbox', 'x')).toEqual({ ...outbox, id: 'x' })
      })

      test('getAll gives them by ascending key', async () => {
        await using fixture = await make()
        const ids = ['b', 'a', 'B', '10', '9', '_', '-', 'aa', 'a-1', 'upload:s/b/0', 'download:s/b/0']
        await fixture.index.write(ids.map((id) => put('files', file(id))))
        expect((await fixture.index.getAll('files')).map(({ id }) => id)).toEqual(ids.toSorted())
      })

      test('getAll with a page gives the rows after a key, at most limit of them', async () => {
        await using fixture = await make()
        const { index } = fixture
        const ids = ['a', 'b', 'c', 'd', 'e']
        await index.write([...ids.map((id) => put('files', file(id))), put('engine', engine(1))])
        const page = async (after: string | undefined, limit?: number) =>
          (await index.getAll('files', { after, limit })).map(({ id }) => id)
        expect(await page(undefined, 2)).toEqual(['a', 'b'])
        expect(await page('b', 2)).toEqual(['c', 'd'])
        expect(await page('d', 2)).toEqual(['e'])
        expect(await page('e', 2)).toEqual([])
        expect(await page('bb', 100)).toEqual(['c', 'd', 'e'])
        expect(await page('bb')).toEqual(['c', 'd', 'e'])
      })

      test('keys gives the keys of a table, ascending, whole or by page', async () => {
        await using fixture = await make()
        const { index } = fixture
        const ids = ['b', 'a', 'B', '10', 'upload:s/b/0']
        expect(await index.keys('files')).toEqual([])
        await index.write([...ids.map((id) => put('files', file(id))), put('engine', engine(1))])
        expect(await index.keys('files')).toEqual(ids.toSorted())
        expect(await index.keys('files', { limit: 2 })).toEqual(['10', 'B'])
        expect(await index.keys('files', { after: 'B', limit: 2 })).toEqual(['a', 'b'])
        expect(await index.keys('files', { after: 'b' })).toEqual(['upload:s/b/0'])
      })

      test('getMany gives the rows of the keys in their order, undefined for a missing one', async () => {
        await using fixture = await make()
        const { index } = fixture
        await index.write([put('files', file('a', 1)), put('files', file('b', 2)), put('engine', engine(1))])
        expect(await index.getMany('files', ['b', 'engine', 'a', 'b'])).toEqual([
          file('b', 2),
          undefined,
          file('a', 1),
          file('b', 2),
        ])
        expect(await index.getMany('files', [])).toEqual([])
      })

      test('are copies: what the caller does to its own changes nothing', async () => {
        await using fixture = await make()
        const { index } = fixture
        const row = (await sampleRows()).contents
        const before = [...row.digests]
        await index.write([put('contents', row)])
        row.digests.fill(0)
        const read = (await index.get('contents', row.address))!
        expect([...read.digests]).toEqual(before)
        read.digests.fill(0)
        expect([...(await index.get('contents', row.address))!.digests]).toEqual(before)
      })

      test('a thousand in one write', async () => {
        await using fixture = await make()
        const rows = Array.from({ length: 1_000 }, (_, i) => file(`file-${i}`))
        await fixture.index.write(rows.map((row) => put('files', row)))
        expect(await fixture.index.getAll('files')).toHaveLength(1_000)
        await fixture.index.write(rows.map(({ id }) => remove('files', id)))
        expect(await fixture.index.getAll('files')).toEqual([])
      })
    })

    describe('write', () => {
      test('a change goes from the row as it is to the row as it shall be', async () => {
        await using fixture = await make()
        const { index } = fixture
        const seen: (FileRow | undefined)[] = []
        const see = (next: FileRow | undefined) =>
          change('files', 'a', (row) => {
            seen.push(row)
            return next
          })
        await index.write([see(file('a', 1))])
        await index.write([see(file('a', 2))])
        await index.write([see(undefined)])
        await index.write([see(undefined)])
        expect(seen).toEqual([undefined, file('a', 1), file('a', 2), undefined])
        expect(await index.get('files', 'a')).toBeUndefined()
      })

      test('each change sees the ones before it', async () => {
        await using fixture = await make()
        const { index } = fixture
        const seen: (number | undefined)[] = []
        const grow = change('files', 'a', (row) => {
          seen.push(row?.size)
          return file('a', (row?.size ?? 0) + 1)
        })
        await index.write([grow, put('files', file('a', 10)), grow, remove('files', 'a'), grow, grow])
        expect(seen).toEqual([undefined, 10, undefined, 1])
        expect(await index.get('files', 'a')).toEqual(file('a', 2))
      })

      test('makes all changes, or none when one throws', async () => {
        await using fixture = await make()
        const { index } = fixture
        await index.write([put('files', file('kept', 1))])
        const bad = change('files', 'b', () => {
          throw new Error('a change that fails')
        })
        const write = index.write([
          put('files', file('a')),
          put('files', file('kept', 2)),
          bad,
          remove('files', 'kept'),
        ])
        await expect(write).rejects.toThrow()
        expect(await index.getAll('files')).toEqual([file('kept', 1)])
        await index.write([put('files', file('a', 3))])
        expect(await index.get('files', 'a')).toEqual(file('a', 3))
      })

      test('returns the rows that changed, each once', async () => {
        await using fixture = await make()
        const { index } = fixture
        await index.write([put('files', file('same', 1))])
        const changed = await index.write([
          put('files', file('b')),
          change('files', 'same', (row) => row),
          put('files', file('a')),
          put('files', file('b', 2)),
          remove('files', 'none'),
        ])
        expect(changed).toEqual([
          { table: 'files', key: 'b' },
          { table: 'files', key: 'a' },
        ])
      })

      test('of no changes', async () => {
        await using fixture = await make()
        expect(await fixture.index.write([])).toEqual([])
        expect(await fixture.index.getAll('files')).toEqual([])
      })

      test('many at once, through two handles, lose nothing', async () => {
        await using fixture = await make()
        const handles = [fixture.index, await fixture.another()]
        const grow = change('files', 'a', (row) => file('a', (row?.size ?? 0) + 1))
        await Promise.all(Array.from({ length: 40 }, (_, i) => handles[i % 2]!.write([grow])))
        expect(await fixture.index.get('files', 'a')).toEqual(file('a', 40))
      })

      test('is seen by another handle when it resolves', async () => {
        await using fixture = await make()
        const other = await fixture.another()
        await fixture.index.write([put('files', file('a', 1))])
        expect(await other.get('files', 'a')).toEqual(file('a', 1))
        await other.write([put('files', file('a', 2))])
        expect(await fixture.index.get('files', 'a')).toEqual(file('a', 2))
      })
    })

    describe('decisions', () => {
      test('see rows of several tables as the steps before leave them, and change those they name', async () => {
        await using fixture = await make()
        const { index } = fixture
        await index.write([put('files', file('a', 1)), put('engine', engine(7))])
        const sum = decision(
          [
            { table: 'files', key: 'a' },
            { table: 'files', key: 'sum' },
            { table: 'engine', key: 'engine' },
            { table: 'pins', key: 'a' },
          ],
          (rows) => {
            const size = (rows.get('files', 'a')?.size ?? 0) + (rows.get('engine', 'engine')?.epoch ?? 0)
            return rows.get('pins', 'a') ? [] : [put('files', file('sum', size)), remove('files', 'a')]
          },
        )
        await index.write([put('files', file('a', 3)), sum])
        expect(await index.getAll('files')).toEqual([file('sum', 10)])
        await index.write([put('pins', { id: 'a', pinnedAt: 1 }), sum])
        expect(await index.getAll('files')).toEqual([file('sum', 10)])
      })

      test('read a range of a table, with what the steps before changed in it', async () => {
        await using fixture = await make()
        const { index } = fixture
        await index.write(['a', 'b', 'c', 'd'].map((id) => put('files', file(id))))
        const seen: string[][] = []
        const look = decision([{ table: 'files', after: 'b' }, { table: 'files' }], (rows) => {
          seen.push(rows.getAll('files', 'b').map(({ id }) => id))
          seen.push(rows.getAll('files').map(({ id }) => id))
          return []
        })
        expect(
          await index.write([remove('files', 'c'), put('files', file('bb')), put('files', file('0')), look]),
        ).toHaveLength(3)
        expect(seen).toEqual([
          ['bb', 'd'],
          ['0', 'a', 'b', 'bb', 'd'],
        ])
      })

      test('of several tabs at once see each other’s changes', async () => {
        await using fixture = await make()
        const handles = [fixture.index, await fixture.another()]
        const next = decision(
          [{ table: 'files' }, ...ids(40).map((key) => ({ table: 'files', key }) as const)],
          (rows) => {
            const size = rows.getAll('files').length
            return [put('files', file(`${size}`.padStart(2, '0'), size))]
          },
        )
        await Promise.all(Array.from({ length: 40 }, (_, i) => handles[i % 2]!.write([next])))
        expect(await fixture.index.keys('files')).toEqual(ids(40))
      })

      test.each([
        ['reads a row', (): never[] => [], (rows: IndexRows) => rows.get('files', 'other')],
        ['reads a range', (): never[] => [], (rows: IndexRows) => rows.getAll('files', 'a')],
        ['changes a row', () => [put('files', file('other'))], () => undefined],
      ])('that %s which it does not name is refused, and nothing is written', async (_, changes, read) => {
        await using fixture = await make()
        const { index } = fixture
        const bad = decision([{ table: 'files', key: 'a' }], (rows) => {
          read(rows)
          return changes()
        })
        await expect(index.write([put('files', file('a')), bad])).rejects.toThrow('must name')
        expect(await index.getAll('files')).toEqual([])
      })

      test('of a leader who was superseded are refused', async () => {
        await using fixture = await make()
        const { index } = fixture
        await index.write([put('engine', engine(2))])
        const late = decision([{ table: 'files', key: 'a' }], () => [put('files', file('a'))])
        await expect(index.write([late], { epoch: 1 })).rejects.toMatchObject({ code: 'superseded' })
        expect(await index.getAll('files')).toEqual([])
      })
    })

    describe('epoch', () => {
      test('a write of an older leader is refused and changes nothing', async () => {
        await using fixture = await make()
        const { index } = fixture
        const newer = await fixture.another()
        await index.write([put('engine', engine(1))])
        await index.write([put('files', file('a', 1))], { epoch: 1 })
        await newer.write([put('engine', engine(2))])
        const late = index.write([put('files', file('a', 2)), put('files', file('b'))], { epoch: 1 })
        await expect(late).rejects.toMatchObject({ name: 'RockpoolError', code: 'superseded' })
        expect(await index.getAll('files')).toEqual([file('a', 1)])
      })

      test('writes of the current leader, and of those who do not lead, pass', async () => {
        await using fixture = await make()
        const { index } = fixture
        await index.write([put('files', file('a'))], { epoch: 1 })
        await index.write([put('engine', engine(3))])
        await index.write([put('files', file('b'))], { epoch: 3 })
        await index.write([put('files', file('c'))])
        expect((await index.getAll('files')).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
      })

      test('of leaders who come at once: each raises it, one stays', async () => {
        await using fixture = await make()
        const handles = [fixture.index, await fixture.another()]
        const lead = async (index: LocalIndex) => {
          let epoch = 0
          await index.write([
            change('engine', 'engine', (row) => {
              epoch = (row?.epoch ?? 0) + 1
              return engine(epoch)
            }),
          ])
          return { index, epoch }
        }
        const leaders = await Promise.all([...handles, ...handles].map(lead))
        expect(leaders.map(({ epoch }) => epoch).toSorted()).toEqual([1, 2, 3, 4])
        const writes = leaders.map(({ index, epoch }) => index.write([put('files', file(`${epoch}`))], { epoch }))
        await Promise.allSettled(writes)
        expect((await fixture.index.getAll('files')).map(({ id }) => id)).toEqual(['4'])
      })
    })

    describe('subscribe', () => {
      test('names the rows that a write changed, through this handle and through another', async () => {
        await using fixture = await make()
        const other = await fixture.another()
        const here = listen(fixture.index)
        const there = listen(other)
        await fixture.index.write([put('files', file('a')), put('engine', engine(1))])
        await here.heard(['files', 'a'], ['engine', 'engine'])
        await there.heard(['files', 'a'], ['engine', 'engine'])
        await other.write([remove('files', 'a')])
        await here.heard(['files', 'a'])
        await there.heard(['files', 'a'])
      })

      test('the row can be read by the one who hears of it', async () => {
        await using fixture = await make()
        const other = await fixture.another()
        const read = Promise.withResolvers<FileRow | undefined>()
        other.subscribe(() => other.get('files', 'a').then(read.resolve, read.reject))
        await fixture.index.write([put('files', file('a', 5))])
        expect(await read.promise).toEqual(file('a', 5))
      })

      test('is silent after it was ended, and about writes that failed', async () => {
        await using fixture = await make()
        const { index } = fixture
        const ended: IndexKey[] = []
        const unsubscribe = index.subscribe((keys) => ended.push(...keys))
        unsubscribe()
        unsubscribe()
        const heard = listen(index)
        const bad = change('files', 'b', () => {
          throw new Error('a change that fails')
        })
        await index.write([put('files', file('failed')), bad]).catch(() => {})
        await index.write([put('engine', engine(2))])
        await index.write([put('files', file('late'))], { epoch: 1 }).catch(() => {})
        await index.write([put('files', file('end'))])
        await heard.heard(['engine', 'engine'], ['files', 'end'])
        expect(heard.keys).toEqual([])
        expect(ended).toEqual([])
      })
    })

    describe('close and erase', () => {
      test('after close every call is refused with closed', async () => {
        await using fixture = await make()
        const other = await fixture.another()
        await fixture.index.close()
        const refused = { name: 'RockpoolError', code: 'closed' }
        await expect(fixture.index.write([put('files', file('a'))])).rejects.toMatchObject(refused)
        await expect(fixture.index.get('files', 'a')).rejects.toMatchObject(refused)
        await expect(fixture.index.getAll('files')).rejects.toMatchObject(refused)
        await expect(fixture.index.getMany('files', ['a'])).rejects.toMatchObject(refused)
        expect(await other.getAll('files')).toEqual([])
        await other.write([put('files', file('a'))])
        expect(await other.get('files', 'a')).toEqual(file('a'))
      })

      test('erase removes everything', async () => {
        await using fixture = await make()
        const rows = await sampleRows()
        for (const table of Object.keys(rows) as IndexTable[]) await fixture.index.write([put(table, rows[table])])
        await fixture.index.erase()
        const index = await fixture.reopen()
        for (const table of Object.keys(rows) as IndexTable[]) expect(await index.getAll(table)).toEqual([])
      })
    })
  })
}

const ADDRESS = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as ContentAddress
const KEY = buildRemoteKey({ storeId: 'store', bucket: 'files', address: ADDRESS })

const file = (id: string, size = 0): FileRow => ({ id, name: 'reef.jpg', type: 'image/jpeg', size, remoteKey: KEY })

const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => String(i).padStart(2, '0'))

const engine = (epoch: number): EngineRow => ({
  id: 'engine',
  epoch,
  changeCursor: 'c7' as ChangeCursor,
  confirmationCursor: null,
})

const sampleRows = async (): Promise<IndexTables> => {
  const { address, size, digests } = await hashContent([new TextEncoder().encode('reef')])
  const contents: ContentRow = { address, size, digests, writtenAt: 1_000, lastUsedAt: 2_000, pinned: true }
  return {
    contents,
    transfers: {
      id: `upload:${KEY}`,
      direction: 'upload',
      remoteKey: KEY,
      size: 3,
      type: 'text/plain',
      state: 'blocked',
      attempts: 2,
      notBefore: 3_000,
      error: { code: 'forbidden', message: 'Ask for the right to write.' },
      uploadId: null,
      createdAt: 1_000,
    },
    outbox: {
      id: '0000000001',
      event: {
        name: 'v2.FileAdded',
        opId: 'op-1',
        args: {
          id: 'f1',
          name: 'Größe 🪸.jpg',
          type: 'image/jpeg',
          size: 0,
          remoteKey: KEY,
          meta: { album: null, tags: ['a', { b: 1.5 }] },
          at: 1_000,
        },
      },
    },
    files: file('f1', 3),
    pins: { id: 'f1', pinnedAt: 1_000 },
    suspects: { remoteKey: KEY, state: 'checking', misses: 1, again: false, dueAt: 3_000 },
    session: { id: 'session', storeId: 'store', user: 'u', signerUrl: 'https://signer.test', token: 'secret' },
    engine: engine(1),
  }
}

/** Collects the keys that a handle hears of. */
const listen = (index: LocalIndex) => {
  const keys: string[] = []
  let wake = () => {}
  index.subscribe((changed) => {
    keys.push(...changed.map(({ table, key }) => `${table} ${key}`))
    wake()
  })
  return {
    keys,
    /** Waits until all of these were heard, and takes them off the list. */
    async heard(...wanted: readonly (readonly [IndexTable, string])[]): Promise<void> {
      for (const [table, key] of wanted) {
        while (!keys.includes(`${table} ${key}`)) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        keys.splice(keys.indexOf(`${table} ${key}`), 1)
      }
    },
  }
}
