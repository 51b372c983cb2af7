import { describe, expect, it } from 'vitest'
import { checkPath, isPath } from './path.ts'

describe('a path', () => {
  it.each([
    ['reef.jpg'],
    ['fish/2025/reef.jpg'],
    ['ünï 𝄞/100% & more?#.jpg'],
    ['.hidden/...'],
    ['x'.repeat(1_024)],
    ['𝄞'.repeat(256)],
  ])('%s is one', (path) => {
    expect(isPath(path)).toBe(true)
    expect(checkPath(path)).toBeUndefined()
  })

  it.each<[string, string, string]>([
    ['is empty', '', 'has an empty segment'],
    ['begins with a slash', '/reef.jpg', 'has an empty segment'],
    ['ends with a slash', 'fish/', 'has an empty segment'],
    ['has two slashes', 'fish//reef.jpg', 'has an empty segment'],
    ['means this folder', 'fish/./reef.jpg', 'has a segment "." or ".."'],
    ['means the folder above', '../reef.jpg', 'has a segment "." or ".."'],
    ['has a backslash', 'fish\\reef.jpg', 'has a backslash or a control character'],
    ['has NUL', 'reef\0.jpg', 'has a backslash or a control character'],
    ['has a C1 control', 'reef\u0085.jpg', 'has a backslash or a control character'],
    ['has a bidirectional override', 'reef\u202egpj.exe', 'has a backslash or a control character'],
    ['has a lone surrogate', 'reef\ud800', 'is not well-formed Unicode'],
    ['is not NFC', 're\u0301cif.txt', 'is not in the Unicode form NFC'],
    ['has 1,025 characters', 'x'.repeat(1_025), 'is longer than 1024 bytes'],
    ['has 1,028 bytes', '𝄞'.repeat(257), 'is longer than 1024 bytes'],
  ])('that %s is refused', (_, path, problem) => {
    expect(isPath(path)).toBe(false)
    expect(checkPath(path)).toMatchObject({ code: 'bad_path', message: expect.stringContaining(problem) })
  })

  it.each([[undefined], [null], [7], [['a']], [{}]])('%j is none', (value) => expect(isPath(value)).toBe(false))
})
