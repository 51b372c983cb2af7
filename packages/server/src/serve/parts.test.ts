import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { ServerConfig } from '../config/server-config.ts'
import { openParts } from './parts.ts'

it.each([
  ['store', 'logs'],
  ['logs', 'store'],
] as const)('closes the %s although the %s cannot be closed', async (other, failing) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'rockpool-parts-'))
  onTestFinished(() => rm(dataDir, { recursive: true }))
  const config = { dataDir, eventLog: { backend: 'sqlite' }, store: { mode: 'local', dataDir } }
  const parts = await openParts(config as ServerConfig, '')
  const error = new Error('The disk is gone.')
  vi.spyOn(parts[failing], 'close').mockRejectedValueOnce(error)
  const closing = vi.spyOn(parts[other], 'close')
  await expect(parts.close()).rejects.toBe(error)
  expect(closing).toHaveBeenCalledOnce()
  await parts.close()
})
