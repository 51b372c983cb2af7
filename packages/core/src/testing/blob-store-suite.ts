import { describe } from 'vitest'
import { failedWriteCases } from './blob-store/failed-write-cases.ts'
import { fragmentCases } from './blob-store/fragment-cases.ts'
import type { MakeBlobStore } from './blob-store/fixture.ts'
import { partCases } from './blob-store/part-cases.ts'
import { readCases } from './blob-store/read-cases.ts'
import { removalCases } from './blob-store/removal-cases.ts'
import { writeCases } from './blob-store/write-cases.ts'

export type { BlobStoreFixture } from './blob-store/fixture.ts'

/** What every BlobStore must do. `make` gives an empty one, and removes it when it is disposed of. */
export const blobStoreSuite = (name: string, make: MakeBlobStore): void => {
  describe(`BlobStore: ${name}`, () => {
    writeCases(make)
    failedWriteCases(make)
    partCases(make)
    fragmentCases(make)
    readCases(make)
    removalCases(make)
  })
}
