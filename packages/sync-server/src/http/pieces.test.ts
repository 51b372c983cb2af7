import { describe, expect, it } from 'vitest'
import { piecesOf, piecesResponse } from './pieces.ts'

describe('piecesResponse', () => {
  const pieces = ['{"text":"ü', new TextEncoder().encode('𝄞'), '"}']

  it('has the pieces as its body, for a platform that reads it as a stream', async () => {
    const response = piecesResponse(pieces, { status: 409, headers: { 'content-type': 'application/json' } })
    expect([response.status, response.headers.get('content-type')]).toEqual([409, 'application/json'])
    expect(await response.json()).toEqual({ text: 'ü𝄞' })
  })

  it('has them as they are, for a platform that writes pieces', () => {
    expect(piecesOf(piecesResponse(pieces, {}))).toBe(pieces)
    expect(piecesOf(new Response('x'))).toBeUndefined()
  })
})
