import { rm } from 'node:fs/promises'
import { afterAll, describe } from 'vitest'
import { SETUP } from '../local/folder.test.shared.ts'
import { openLocalStore } from '../local/index.ts'
import { objectStoreSuite } from '../testing/index.ts'
import { anyOrderCase } from './any-order.test.cases.ts'
import { evictCases } from './evict.test.cases.ts'
import { replicationCases } from './replicate.test.cases.ts'
import { newFolder } from './hybrid.test.subject.ts'
import { openHybridStore } from './hybrid-store.ts'

describe('with a folder in the place of S3', () => {
  const folders: string[] = []
  const folder = async () => {
    const made = await newFolder()
    folders.push(made)
    return made
  }
  afterAll(() => Promise.all(folders.map((made) => rm(made, { recursive: true }))))

  objectStoreSuite('hybrid', async (setup) => {
    const [directory, second] = [await folder(), await folder()]
    return openHybridStore({ directory, ...setup, connect: () => openLocalStore({ directory: second, ...setup }) })
  })

  const openRemote = async () => openLocalStore({ directory: await folder(), ...SETUP })
  replicationCases(openRemote)
  evictCases(openRemote)
  anyOrderCase(openRemote, 40)
})
