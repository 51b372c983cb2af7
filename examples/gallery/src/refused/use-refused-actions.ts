import { usePool } from '@rockpool/react'
import { useMemo } from 'react'
import type { RefusedChange, RefusedEdit } from 'rockpool'
import { useToast } from '../page/toasts.tsx'

/** What a person does with changes that were not accepted. The first error of several is shown. */
export const useRefusedActions = () => {
  const { refused } = usePool().sync
  const toast = useToast()
  return useMemo(() => {
    const attempt = (what: string, work: readonly Promise<void>[]) =>
      void Promise.all(work).catch((error: unknown) => {
        toast({ tone: 'bad', text: `${what} did not work. ${error instanceof Error ? error.message : String(error)}` })
      })
    return {
      retry: (changes: readonly RefusedChange[], edit: RefusedEdit = {}) =>
        attempt(
          'Trying again',
          changes.map(({ id }) => refused.retry(id, edit)),
        ),
      discard: (changes: readonly RefusedChange[]) =>
        attempt(
          'Discarding',
          changes.map(({ id }) => refused.discard(id)),
        ),
    }
  }, [refused, toast])
}
