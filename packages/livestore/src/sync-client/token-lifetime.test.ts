import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { readTokenTimes, renewAfterMs } from './token-lifetime.ts'

const DAY_MS = 86_400_000
const NOW_S = 1_800_000_000
const NOW_MS = NOW_S * 1_000
const LONGEST = 2 ** 31 - 1

describe('renewAfterMs', () => {
  it.each([
    [
      'an hour by its own claims: 30 s before its end',
      { exp: NOW_S + 3_600, iat: NOW_S },
      undefined,
      NOW_MS,
      3_570_000,
    ],
    [
      'the same on a device that is a day ahead',
      { exp: NOW_S + 3_600, iat: NOW_S },
      undefined,
      NOW_MS + DAY_MS,
      3_570_000,
    ],
    [
      'the same on a device that is a day behind',
      { exp: NOW_S + 3_600, iat: NOW_S },
      undefined,
      NOW_MS - DAY_MS,
      3_570_000,
    ],
    [
      '10 minutes by the server’s time, whatever the device says',
      { exp: NOW_S + 600 },
      NOW_MS,
      NOW_MS + DAY_MS,
      570_000,
    ],
    ['the rest of a token that was issued a while ago', { exp: NOW_S + 600, iat: NOW_S - 3_000 }, NOW_MS, 0, 570_000],
    ['40 s: at half its life', { exp: NOW_S + 40, iat: NOW_S }, undefined, NOW_MS, 20_000],
    ['by the device’s time when nothing else is known', { exp: NOW_S + 600 }, undefined, NOW_MS, 570_000],
    ['over by the device’s time alone: the server decides', { exp: NOW_S + 600 }, undefined, NOW_MS + DAY_MS, LONGEST],
    ['over by the server’s time: the server decides', { exp: NOW_S - 5 }, NOW_MS, NOW_MS, LONGEST],
    ['no end', {}, NOW_MS, NOW_MS, LONGEST],
    ['a year: as long as a timer can wait', { exp: NOW_S + 31_536_000, iat: NOW_S }, undefined, NOW_MS, LONGEST],
  ])('%s', (_, times, serverNow, deviceNow, expected) => {
    expect(renewAfterMs(times, serverNow, deviceNow)).toBe(expected)
  })
})

describe('readTokenTimes', () => {
  it('reads the claims of a JWT with any text in it', async () => {
    const token = await new SignJWT({ sub: 'Zoë 🐟?>' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt(NOW_S)
      .setExpirationTime(NOW_S + 60)
      .sign(new Uint8Array(32))
    expect(readTokenTimes(token)).toEqual({ exp: NOW_S + 60, iat: NOW_S })
  })

  it.each(['', 'opaque', 'a.b.c', 'a.e30.c'])('finds nothing in "%s"', (token) => {
    expect(readTokenTimes(token)).toEqual({})
  })
})
