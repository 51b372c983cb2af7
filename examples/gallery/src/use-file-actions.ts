import { usePool } from '@rockpool/react'
import type { FileRecord } from 'rockpool'
import { useMemo } from 'react'
import { openFile } from './detail/open-file.ts'
import { useToast } from './page/toasts.tsx'
import { shownName } from './shown-name.ts'

/** Actions of a person on a file. Each shows its own errors. */
export interface FileActions {
  readonly open: (file: FileRecord) => void
  readonly rename: (file: FileRecord, name: string) => void
  readonly remove: (file: FileRecord) => void
  readonly retry: (file: FileRecord) => void
  readonly download: (file: FileRecord) => void
}

/** The same object for the life of the page. */
export const useFileActions = (): FileActions => {
  const pool = usePool()
  const toast = useToast()
  return useMemo(() => {
    const attempt = (what: string, work: () => Promise<unknown>) =>
      void work().catch((error: unknown) => {
        toast({ tone: 'bad', text: `${what} did not work. ${error instanceof Error ? error.message : String(error)}` })
      })
    return {
      open: (file) => openFile(file.id),
      rename: (file, name) => attempt('Renaming', () => pool.rename(file.id, name)),
      remove: (file) =>
        attempt('Removing', async () => {
          await pool.remove(file.id)
          toast({
            text: `“${shownName(file.name)}” removed`,
            action: { label: 'Undo', run: () => attempt('Restoring', () => pool.restore(file.id)) },
          })
        }),
      retry: (file) => attempt('Trying again', () => pool.transfers.retry(file)),
      download: (file) => attempt('Saving', () => pool.save(file)),
    }
  }, [pool, toast])
}
