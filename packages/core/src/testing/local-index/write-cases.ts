/** Writes: changes of rows in one transaction. */
import { describe, expect, test } from 'vitest'
import { change, type FileRow, put, remove } from '../../ports/local-index.ts'
import { fileRow, type MakeIndex } from './fixture.ts'

export const writeCases = (make: MakeIndex): void => {
  describe('write', () => {
    test('passes the current row to a change and stores its result', async () => {
      await using fixture = await make()
      const { index } = fixture
      const seen: (FileRow | undefined)[] = []
      const see = (next: FileRow | undefined) =>
        change('files', 'a', (row) => {
          seen.push(row)
          return next
        })
      await index.write([see(fileRow('a', 1))])
      await index.write([see(fileRow('a', 2))])
      await index.write([see(undefined)])
      await index.write([see(undefined)])
      expect(seen).toEqual([undefined, fileRow('a', 1), fileRow('a', 2), undefined])
      expect(await index.get('files', 'a')).toBeUndefined()
    })

    test('shows each change the results of earlier ones', async () => {
      await using fixture = await make()
      const { index } = fixture
      const seen: (number | undefined)[] = []
      const grow = change('files', 'a', (row) => {
        seen.push(row?.size)
        return fileRow('a', (row?.size ?? 0) + 1)
      })
      await index.write([grow, put('files', fileRow('a', 10)), grow, remove('files', 'a'), grow, grow])
      expect(seen).toEqual([undefined, 10, undefined, 1])
      expect(await index.get('files', 'a')).toEqual(fileRow('a', 2))
    })

    test('makes all changes, or none when one throws', async () => {
      await using fixture = await make()
      const { index } = fixture
      await index.write([put('files', fileRow('kept', 1))])
      const bad = change('files', 'b', () => {
        throw new Error('a change that fails')
      })
      const write = index.write([
        put('files', fileRow('a')),
        put('files', fileRow('kept', 2)),
        bad,
        remove('files', 'kept'),
      ])
      await expect(write).rejects.toThrow()
      expect(await index.getAll('files')).toEqual([fileRow('kept', 1)])
      await index.write([put('files', fileRow('a', 3))])
      expect(await index.get('files', 'a')).toEqual(fileRow('a', 3))
    })

    test('returns the rows that changed, each once', async () => {
      await using fixture = await make()
      const { index } = fixture
      await index.write([put('files', fileRow('same', 1))])
      const changed = await index.write([
        put('files', fileRow('b')),
        change('files', 'same', (row) => row),
        put('files', fileRow('a')),
        put('files', fileRow('b', 2)),
        remove('files', 'none'),
      ])
      expect(changed).toEqual([
        { table: 'files', key: 'b' },
        { table: 'files', key: 'a' },
      ])
    })

    test('accepts an empty list of changes', async () => {
      await using fixture = await make()
      expect(await fixture.index.write([])).toEqual([])
      expect(await fixture.index.getAll('files')).toEqual([])
    })

    test('loses nothing when two handles write concurrently', async () => {
      await using fixture = await make()
      const handles = [fixture.index, await fixture.another()]
      const grow = change('files', 'a', (row) => fileRow('a', (row?.size ?? 0) + 1))
      await Promise.all(Array.from({ length: 40 }, (_, i) => handles[i % 2]!.write([grow])))
      expect(await fixture.index.get('files', 'a')).toEqual(fileRow('a', 40))
    })

    test('is visible to another handle when it resolves', async () => {
      await using fixture = await make()
      const other = await fixture.another()
      await fixture.index.write([put('files', fileRow('a', 1))])
      expect(await other.get('files', 'a')).toEqual(fileRow('a', 1))
      await other.write([put('files', fileRow('a', 2))])
      expect(await fixture.index.get('files', 'a')).toEqual(fileRow('a', 2))
    })
  })
}
