import { describe, expect, it } from 'vitest'
import { readOrigins } from './origins.ts'

describe('readOrigins', () => {
  it.each([
    [undefined, []],
    ['', []],
    [' , ', []],
    ['https://a.example, http://localhost:5173', ['https://a.example', 'http://localhost:5173']],
  ])('reads %j', (value, origins) => {
    expect(readOrigins({ ROCKPOOL_ALLOWED_ORIGINS: value })).toEqual(origins)
  })

  it.each(['*', 'https://a.example/', 'https://a.example/app', 'a.example', 'null', 'https://A.example'])(
    'refuses %s, and names the variable',
    (value) => {
      expect(() => readOrigins({ ROCKPOOL_ALLOWED_ORIGINS: value })).toThrow(/^ROCKPOOL_ALLOWED_ORIGINS: .+\.$/)
    },
  )
})
