/** Changes that are decided inside the transaction, and fencing by epoch. */
import { describe, expect, test } from 'vitest'
import { change, decision, type LocalIndex, type IndexRows, put, remove } from '../../ports/local-index.ts'
import { engineRow, fileRow, idsOf, type MakeIndex } from './fixture.ts'

export const decisionCases = (make: MakeIndex): void => {
  describe('decisions', () => {
    test('read rows of several tables after earlier steps, and change declared rows', async () => {
      await using fixture = await make()
      const { index } = fixture
      await index.write([put('files', fileRow('a', 1)), put('engine', engineRow(7))])
      const sum = decision(
        [
          { table: 'files', key: 'a' },
          { table: 'files', key: 'sum' },
          { table: 'engine', key: 'engine' },
          { table: 'pins', key: 'a' },
        ],
        (rows) => {
          const size = (rows.get('files', 'a')?.size ?? 0) + (rows.get('engine', 'engine')?.epoch ?? 0)
          return rows.get('pins', 'a') ? [] : [put('files', fileRow('sum', size)), remove('files', 'a')]
        },
      )
      await index.write([put('files', fileRow('a', 3)), sum])
      expect(await index.getAll('files')).toEqual([fileRow('sum', 10)])
      await index.write([put('pins', { id: 'a', pinnedAt: 1 }), sum])
      expect(await index.getAll('files')).toEqual([fileRow('sum', 10)])
    })

    test('read a range of a table after earlier steps', async () => {
      await using fixture = await make()
      const { index } = fixture
      await index.write(['a', 'b', 'c', 'd'].map((id) => put('files', fileRow(id))))
      const seen: string[][] = []
      const look = decision([{ table: 'files', after: 'b' }, { table: 'files' }], (rows) => {
        seen.push(rows.getAll('files', 'b').map(({ id }) => id))
        seen.push(rows.getAll('files').map(({ id }) => id))
        return []
      })
      expect(
        await index.write([remove('files', 'c'), put('files', fileRow('bb')), put('files', fileRow('0')), look]),
      ).toHaveLength(3)
      expect(seen).toEqual([
        ['bb', 'd'],
        ['0', 'a', 'b', 'bb', 'd'],
      ])
    })

    test('of concurrent tabs see each other’s changes', async () => {
      await using fixture = await make()
      const handles = [fixture.index, await fixture.another()]
      const next = decision(
        [{ table: 'files' }, ...idsOf(40).map((key) => ({ table: 'files', key }) as const)],
        (rows) => {
          const size = rows.getAll('files').length
          return [put('files', fileRow(`${size}`.padStart(2, '0'), size))]
        },
      )
      await Promise.all(Array.from({ length: 40 }, (_, i) => handles[i % 2]!.write([next])))
      expect(await fixture.index.keys('files')).toEqual(idsOf(40))
    })

    test.each([
      ['reads a row', (): never[] => [], (rows: IndexRows) => rows.get('files', 'other')],
      ['reads a range', (): never[] => [], (rows: IndexRows) => rows.getAll('files', 'a')],
      ['changes a row', () => [put('files', fileRow('other'))], () => undefined],
    ])('that %s which it does not name is refused, and nothing is written', async (_, changes, read) => {
      await using fixture = await make()
      const { index } = fixture
      const bad = decision([{ table: 'files', key: 'a' }], (rows) => {
        read(rows)
        return changes()
      })
      await expect(index.write([put('files', fileRow('a')), bad])).rejects.toThrow('must name')
      expect(await index.getAll('files')).toEqual([])
    })

    test('of a superseded leader are refused', async () => {
      await using fixture = await make()
      const { index } = fixture
      await index.write([put('engine', engineRow(2))])
      const late = decision([{ table: 'files', key: 'a' }], () => [put('files', fileRow('a'))])
      await expect(index.write([late], { epoch: 1 })).rejects.toMatchObject({ code: 'superseded' })
      expect(await index.getAll('files')).toEqual([])
    })
  })

  describe('epoch', () => {
    test('refuses a write of an older leader, which changes nothing', async () => {
      await using fixture = await make()
      const { index } = fixture
      const newer = await fixture.another()
      await index.write([put('engine', engineRow(1))])
      await index.write([put('files', fileRow('a', 1))], { epoch: 1 })
      await newer.write([put('engine', engineRow(2))])
      const late = index.write([put('files', fileRow('a', 2)), put('files', fileRow('b'))], { epoch: 1 })
      await expect(late).rejects.toMatchObject({ name: 'RockpoolError', code: 'superseded' })
      expect(await index.getAll('files')).toEqual([fileRow('a', 1)])
    })

    test('accepts writes of the current leader and unfenced writes', async () => {
      await using fixture = await make()
      const { index } = fixture
      await index.write([put('files', fileRow('a'))], { epoch: 1 })
      await index.write([put('engine', engineRow(3))])
      await index.write([put('files', fileRow('b'))], { epoch: 3 })
      await index.write([put('files', fileRow('c'))])
      expect((await index.getAll('files')).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    })

    test('is raised by each of several concurrent leaders, and the highest one stays', async () => {
      await using fixture = await make()
      const handles = [fixture.index, await fixture.another()]
      const lead = async (index: LocalIndex) => {
        let epoch = 0
        await index.write([
          change('engine', 'engine', (row) => {
            epoch = (row?.epoch ?? 0) + 1
            return engineRow(epoch)
          }),
        ])
        return { index, epoch }
      }
      const leaders = await Promise.all([...handles, ...handles].map(lead))
      expect(leaders.map(({ epoch }) => epoch).toSorted()).toEqual([1, 2, 3, 4])
      const writes = leaders.map(({ index, epoch }) => index.write([put('files', fileRow(`${epoch}`))], { epoch }))
      await Promise.allSettled(writes)
      expect((await fixture.index.getAll('files')).map(({ id }) => id)).toEqual(['4'])
    })
  })
}
