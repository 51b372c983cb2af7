import { expect, it } from 'vitest'
import { droppedFiles, unreadText } from './dropped-files.ts'

const unreadable = new DOMException('', 'NotReadableError')
const file = (name: string, isReadable = true) => ({
  name,
  isFile: true,
  file: (resolve: (file: File) => void, reject: (error: unknown) => void) =>
    isReadable ? resolve(new File([], name)) : reject(unreadable),
})
const folder = (name: string, ...children: readonly object[]) => ({
  name,
  isDirectory: true,
  createReader: () => {
    const batches = [children, []]
    return { readEntries: (resolve: (batch: readonly object[]) => void) => resolve(batches.shift()!) }
  },
})
const unreadableFolder = (name: string) => ({
  name,
  isDirectory: true,
  createReader: () => ({ readEntries: (_: unknown, reject: (error: unknown) => void) => reject(unreadable) }),
})
const drop = async (...entries: readonly object[]) => {
  const items = entries.map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry }))
  const { files, unread } = await droppedFiles({ items } as unknown as DataTransfer)
  return { names: files.map(({ name }) => name), unread }
}

it('takes the files of folders, but no hidden ones', async () => {
  const entries = [file('a.jpg'), folder('reef', file('b.jpg'), folder('deep', file('c.jpg')), file('.DS_Store'))]
  expect(await drop(...entries)).toEqual({ names: ['a.jpg', 'b.jpg', 'c.jpg'], unread: 0 })
})

it('takes the files that can be read, and counts the files and folders that cannot', async () => {
  const reef = folder('reef', file('a.jpg'), file('b.jpg', false), unreadableFolder('locked'), file('c.jpg'))
  expect(await drop(reef, file('d.jpg', false), file('e.jpg'))).toEqual({
    names: ['a.jpg', 'c.jpg', 'e.jpg'],
    unread: 3,
  })
})

it.each([
  [1, '1 file could not be read. Drop it again.'],
  [3, '3 files could not be read. Drop them again.'],
])('says how many could not be read: %i', (unread, text) => expect(unreadText(unread)).toBe(text))
