import { describe } from 'vitest'
import { downloadsSuite } from './testing/downloads-suite.ts'

describe('downloads, local store', () => {
  downloadsSuite()
})
