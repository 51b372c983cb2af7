/** Rows as they are stored and read. */
import { describe, expect, test } from 'vitest'
import { INDEX_KEYS, keyOfRow, type IndexTable, put, remove } from '../../ports/local-index.ts'
import { engineRow, fileRow, type MakeIndex, sampleRows } from './fixture.ts'

export const rowCases = (make: MakeIndex): void => {
  describe('rows', () => {
    test.each(Object.keys(INDEX_KEYS) as IndexTable[])('of table %s are stored unchanged', async (table) => {
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

    test('of several tables with the same key are separate', async () => {
      await using fixture = await make()
      const { index } = fixture
      const { outbox } = await sampleRows()
      await index.write([put('files', fileRow('x')), put('outbox', { ...outbox, id: 'x' })])
      await index.write([remove('files', 'x')])
      expect(await index.get('files', 'x')).toBeUndefined()
      expect(await index.get('outbox', 'x')).toEqual({ ...outbox, id: 'x' })
    })

    test('getAll returns rows by ascending key', async () => {
      await using fixture = await make()
      const ids = ['b', 'a', 'B', '10', '9', '_', '-', 'aa', 'a-1', 'upload:s/b/0', 'download:s/b/0']
      await fixture.index.write(ids.map((id) => put('files', fileRow(id))))
      expect((await fixture.index.getAll('files')).map(({ id }) => id)).toEqual(ids.toSorted())
    })

    test('getAll with a page returns at most limit rows after a key', async () => {
      await using fixture = await make()
      const { index } = fixture
      const ids = ['a', 'b', 'c', 'd', 'e']
      await index.write([...ids.map((id) => put('files', fileRow(id))), put('engine', engineRow(1))])
      const page = async (after: string | undefined, limit?: number) =>
        (await index.getAll('files', { after, limit })).map(({ id }) => id)
      expect(await page(undefined, 2)).toEqual(['a', 'b'])
      expect(await page('b', 2)).toEqual(['c', 'd'])
      expect(await page('d', 2)).toEqual(['e'])
      expect(await page('e', 2)).toEqual([])
      expect(await page('bb', 100)).toEqual(['c', 'd', 'e'])
      expect(await page('bb')).toEqual(['c', 'd', 'e'])
    })

    test('keys returns ascending keys, all or by page', async () => {
      await using fixture = await make()
      const { index } = fixture
      const ids = ['b', 'a', 'B', '10', 'upload:s/b/0']
      expect(await index.keys('files')).toEqual([])
      await index.write([...ids.map((id) => put('files', fileRow(id))), put('engine', engineRow(1))])
      expect(await index.keys('files')).toEqual(ids.toSorted())
      expect(await index.keys('files', { limit: 2 })).toEqual(['10', 'B'])
      expect(await index.keys('files', { after: 'B', limit: 2 })).toEqual(['a', 'b'])
      expect(await index.keys('files', { after: 'b' })).toEqual(['upload:s/b/0'])
    })

    test('getMany returns rows in the order of the keys, undefined for missing ones', async () => {
      await using fixture = await make()
      const { index } = fixture
      await index.write([put('files', fileRow('a', 1)), put('files', fileRow('b', 2)), put('engine', engineRow(1))])
      expect(await index.getMany('files', ['b', 'engine', 'a', 'b'])).toEqual([
        fileRow('b', 2),
        undefined,
        fileRow('a', 1),
        fileRow('b', 2),
      ])
      expect(await index.getMany('files', [])).toEqual([])
    })

    test('are copies, unaffected by changes to the caller’s object', async () => {
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

    test('a thousand rows fit in one write', async () => {
      await using fixture = await make()
      const rows = Array.from({ length: 1_000 }, (_, i) => fileRow(`file-${i}`))
      await fixture.index.write(rows.map((row) => put('files', row)))
      expect(await fixture.index.getAll('files')).toHaveLength(1_000)
      await fixture.index.write(rows.map(({ id }) => remove('files', id)))
      expect(await fixture.index.getAll('files')).toEqual([])
    })
  })
}
