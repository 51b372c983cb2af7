import { describe } from 'vitest'
import { hostileClient } from './testing/hostile-client.ts'

describe('a hostile client, local store', () => {
  hostileClient()
})
