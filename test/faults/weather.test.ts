import { expect, test } from 'vitest'
import { CALM, faultFor, type RequestKind, type Weather } from './weather.ts'

const weather: Weather = {
  faults: { lostRequest: 0.2, altered: 0.3, stall: 0.1 },
  kinds: ['object', 'signer'],
  isDown: false,
}

test.each<[string, Weather, RequestKind, number, string | undefined]>([
  ['below the first share', weather, 'object', 0.19, 'lostRequest'],
  ['at the end of the first share', weather, 'object', 0.2, 'altered'],
  ['within the last share', weather, 'object', 0.55, 'stall'],
  ['above all shares', weather, 'object', 0.6, undefined],
  ['a fault of objects only, for another request', weather, 'signer', 0.3, undefined],
  ['a fault of any request, for another request', weather, 'signer', 0.55, 'stall'],
  ['a request that the weather spares', weather, 'sync', 0, undefined],
  ['no faults', CALM, 'object', 0, undefined],
])('a roll %s meets its fault', (_, weather, kind, roll, expected) => {
  expect(faultFor(weather, kind, roll)).toBe(expected)
})
