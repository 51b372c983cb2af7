import { usePool } from '@rockpool/react'
import { useCallback, useRef, useState } from 'react'
import { useToast } from '../page/toasts.tsx'
import { mediaFacts } from './media-facts.ts'

/** Files on their way to this device's disk. */
export interface Adding {
  readonly name: string
  /** this file's number, from 1 */
  readonly number: number
  readonly count: number
  /** of all files, 0 to 1 */
  readonly progress: number
}

export interface NamedFile {
  readonly file: File
  readonly name?: string
}

/** Adds files one after another, so that the grid keeps their order, and says what could not be added. */
export const useAddFiles = (): {
  readonly add: (files: readonly NamedFile[]) => void
  readonly adding: Adding | null
} => {
  const pool = usePool()
  const toast = useToast()
  const [adding, setAdding] = useState<Adding | null>(null)
  const queue = useRef<{ waiting: NamedFile[]; done: number; doneBytes: number; running: boolean }>({
    waiting: [],
    done: 0,
    doneBytes: 0,
    running: false,
  })

  const run = useCallback(async () => {
    const state = queue.current
    if (state.running) return
    state.running = true
    for (let next = state.waiting.shift(); next; next = state.waiting.shift()) {
      const { file } = next
      const name = next.name ?? file.name
      const show = (bytes: number) => {
        const rest = state.waiting.reduce((sum, waiting) => sum + waiting.file.size, 0)
        const total = state.doneBytes + file.size + rest
        setAdding({
          name,
          number: state.done + 1,
          count: state.done + 1 + state.waiting.length,
          progress: total > 0 ? (state.doneBytes + bytes) / total : 1,
        })
      }
      show(0)
      try {
        await pool.add(file, { name, meta: await mediaFacts(file), onProgress: show })
      } catch (error) {
        toast({
          tone: 'bad',
          text: `“${name}” was not added. ${error instanceof Error ? error.message : String(error)}`,
        })
      }
      state.done++
      state.doneBytes += file.size
    }
    queue.current = { waiting: [], done: 0, doneBytes: 0, running: false }
    setAdding(null)
  }, [pool, toast])

  const add = useCallback(
    (files: readonly NamedFile[]) => {
      queue.current.waiting.push(...files)
      void run()
    },
    [run],
  )
  return { add, adding }
}
