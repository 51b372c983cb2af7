import { Waves } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useToast } from '../page/toasts.tsx'
import { droppedFiles, pastedName, unreadText } from './dropped-files.ts'
import type { NamedFile } from './use-add-files.ts'

/** Takes files dropped anywhere on the page or pasted, and shows where they would land. */
export const DropAndPaste = ({ onFiles }: { readonly onFiles: (files: readonly NamedFile[]) => void }) => {
  const toast = useToast()
  const [over, setOver] = useState(false)

  useEffect(() => {
    const abort = new AbortController()
    const { signal } = abort
    // Each child that the pointer passes enters and leaves: only the last leave counts.
    let depth = 0
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    window.addEventListener(
      'dragenter',
      (event) => {
        if (!carriesFiles(event)) return
        depth++
        setOver(true)
      },
      { signal },
    )
    window.addEventListener(
      'dragleave',
      (event) => {
        if (!carriesFiles(event)) return
        depth = Math.max(0, depth - 1)
        if (depth === 0) setOver(false)
      },
      { signal },
    )
    window.addEventListener(
      'dragover',
      (event) => {
        if (!carriesFiles(event)) return
        event.preventDefault()
        event.dataTransfer!.dropEffect = 'copy'
      },
      { signal },
    )
    window.addEventListener(
      'drop',
      (event) => {
        if (!carriesFiles(event)) return
        event.preventDefault()
        depth = 0
        setOver(false)
        void droppedFiles(event.dataTransfer!).then(({ files, unread }) => {
          onFiles(files.map((file) => ({ file })))
          if (unread > 0) toast({ tone: 'bad', text: unreadText(unread) })
        })
      },
      { signal },
    )
    window.addEventListener(
      'paste',
      (event) => {
        const files = [...(event.clipboardData?.files ?? [])]
        if (files.length === 0) return
        event.preventDefault()
        onFiles(files.map((file) => ({ file, name: pastedName(file, new Date()) })))
      },
      { signal },
    )
    return () => abort.abort()
  }, [onFiles, toast])

  return (
    <div className="drop" data-over={over || undefined} aria-hidden="true">
      <div className="drop-card">
        <Waves size={36} strokeWidth={1.5} />
        Let go to add
      </div>
    </div>
  )
}
