/** Several handles: notifications, closing, erasing. */
import { describe, expect, test } from 'vitest'
import { change, type FileRow, type IndexKey, type IndexTable, put, remove } from '../../ports/local-index.ts'
import { collectKeys, engineRow, fileRow, type MakeIndex, sampleRows } from './fixture.ts'

export const handleCases = (make: MakeIndex): void => {
  describe('subscribe', () => {
    test('reports the rows changed by this handle and by another one', async () => {
      await using fixture = await make()
      const other = await fixture.another()
      const here = collectKeys(fixture.index)
      const there = collectKeys(other)
      await fixture.index.write([put('files', fileRow('a')), put('engine', engineRow(1))])
      await here.heard(['files', 'a'], ['engine', 'engine'])
      await there.heard(['files', 'a'], ['engine', 'engine'])
      await other.write([remove('files', 'a')])
      await here.heard(['files', 'a'])
      await there.heard(['files', 'a'])
    })

    test('reports a row when it can be read', async () => {
      await using fixture = await make()
      const other = await fixture.another()
      const read = Promise.withResolvers<FileRow | undefined>()
      other.subscribe(() => other.get('files', 'a').then(read.resolve, read.reject))
      await fixture.index.write([put('files', fileRow('a', 5))])
      expect(await read.promise).toEqual(fileRow('a', 5))
    })

    test('does not report after unsubscribe, nor failed writes', async () => {
      await using fixture = await make()
      const { index } = fixture
      const ended: IndexKey[] = []
      const unsubscribe = index.subscribe((keys) => ended.push(...keys))
      unsubscribe()
      unsubscribe()
      const heard = collectKeys(index)
      const bad = change('files', 'b', () => {
        throw new Error('a change that fails')
      })
      await index.write([put('files', fileRow('failed')), bad]).catch(() => {})
      await index.write([put('engine', engineRow(2))])
      await index.write([put('files', fileRow('late'))], { epoch: 1 }).catch(() => {})
      await index.write([put('files', fileRow('end'))])
      await heard.heard(['engine', 'engine'], ['files', 'end'])
      expect(heard.keys).toEqual([])
      expect(ended).toEqual([])
    })
  })

  describe('close and erase', () => {
    test('every call rejects with closed after close', async () => {
      await using fixture = await make()
      const other = await fixture.another()
      await fixture.index.close()
      const refused = { name: 'RockpoolError', code: 'closed' }
      await expect(fixture.index.write([put('files', fileRow('a'))])).rejects.toMatchObject(refused)
      await expect(fixture.index.get('files', 'a')).rejects.toMatchObject(refused)
      await expect(fixture.index.getAll('files')).rejects.toMatchObject(refused)
      await expect(fixture.index.getMany('files', ['a'])).rejects.toMatchObject(refused)
      expect(await other.getAll('files')).toEqual([])
      await other.write([put('files', fileRow('a'))])
      expect(await other.get('files', 'a')).toEqual(fileRow('a'))
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
}
