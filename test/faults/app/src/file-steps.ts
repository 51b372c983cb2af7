/** Single steps of a file's life, for tests that end the page within one. */
import type { Pool } from '@rockpool/core'
import { contentOf } from './content.ts'

/** @returns the id */
export const addNumbered = async (pool: Pool, number: number, size: number): Promise<string> => {
  const { id } = await pool.add(new Blob([contentOf(number, size)]), { name: `${number}.bin` })
  return id
}

/** Resolves when the file is in one of these states on this device. */
export const whenState = async (pool: Pool, id: string, ...states: readonly string[]): Promise<void> => {
  const isReached = () => pool.files.get(id) !== undefined && states.includes(pool.transfers.status(id).state)
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!isReached()) return
      for (const stop of stops) stop()
      resolve()
    }
    const stops: (() => void)[] = []
    stops.push(pool.transfers.subscribe(look), pool.log.subscribe(look))
    look()
  })
}
