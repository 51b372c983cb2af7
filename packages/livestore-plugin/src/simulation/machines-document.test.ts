import { expect, it } from 'vitest'
import { machinesDocument } from './machines-document.ts'

/** Written anew by `vitest run -u`. */
it('docs/concepts/sync-machines.md shows the tables that the tests run', async () => {
  await expect(machinesDocument()).toMatchFileSnapshot('../../../../docs/concepts/sync-machines.md')
})
