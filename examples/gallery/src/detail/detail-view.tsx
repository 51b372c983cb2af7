import { useFile, useFileStatus } from '@rockpool/react'
import { ChevronLeft, ChevronRight, Download, Info, Pencil, RotateCw, Trash2, X } from 'lucide-react'
import type { FileRecord } from 'rockpool'
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react'
import { formatBytes } from '../file-facts.ts'
import { describeState, percentOf } from '../file-state.ts'
import { RenameField } from '../grid/rename-field.tsx'
import { StateIcon } from '../grid/state-icon.tsx'
import { shownName } from '../shown-name.ts'
import type { FileActions } from '../use-file-actions.ts'
import { FileInfo } from './file-info.tsx'
import { openFile } from './open-file.ts'
import { Stage } from './stage.tsx'

export interface DetailViewProps {
  readonly id: string
  /** what the grid shows, for the way to the next and the previous file */
  readonly files: readonly FileRecord[]
  readonly actions: FileActions
}

/**
 * One file, large. Arrow keys go to its neighbours, Escape closes. Not a `<dialog>`: that would make the notes at the foot
 * of the page, with their undo, unreachable; the page behind is inert instead.
 */
export const DetailView = ({ id, files, actions }: DetailViewProps) => {
  const file = useFile(id)
  // Removed here or on another device while it was open.
  useEffect(() => {
    if (!file) openFile(null)
  }, [file])
  return file ? <OpenFile file={file} files={files} actions={actions} /> : null
}

const OpenFile = ({ file, files, actions }: Omit<DetailViewProps, 'id'> & { readonly file: FileRecord }) => {
  const dialog = useRef<HTMLElement>(null)
  const status = useFileStatus(file)
  const name = shownName(file.name)
  const [renaming, setRenaming] = useState(false)
  const [informed, setInformed] = useState(false)
  const at = files.findIndex(({ id }) => id === file.id)
  const [previous, next] = at < 0 ? [] : [files[at - 1], files[at + 1]]

  useEffect(() => dialog.current!.focus(), [])
  const focusBackTo = useFocusBack(file.id)

  const remove = () => {
    focusBackTo((next ?? previous)?.id)
    openFile(null)
    actions.remove(file)
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return openFile(null)
    // A film or a text field has its own use for the keys.
    if ((event.target as Element).closest('input, video, audio, iframe, pre')) return
    if (event.key === 'ArrowLeft' && previous) openFile(previous.id)
    else if (event.key === 'ArrowRight' && next) openFile(next.id)
    else if (event.key === 'Delete') remove()
    else if (event.key === 'F2') setRenaming(true)
    else if (event.key === 'i') setInformed((shown) => !shown)
    else return
    event.preventDefault()
  }

  return (
    // Keys of a dialog work wherever in it the focus is.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section
      ref={dialog}
      className="detail"
      role="dialog"
      aria-modal="true"
      tabIndex={-1}
      aria-label={name}
      data-testid="detail"
      onKeyDown={onKeyDown}
    >
      <header className="detail-head">
        <button type="button" className="icon-button" aria-label="Close" onClick={() => openFile(null)}>
          <X size={20} />
        </button>
        <div className="detail-title">
          {renaming ? (
            <RenameField
              name={name}
              onDone={(newName) => {
                setRenaming(false)
                dialog.current?.focus()
                if (newName !== undefined) actions.rename(file, newName)
              }}
            />
          ) : (
            <h2 title={name}>{name}</h2>
          )}
          <p className="quiet" aria-live="polite">
            <StateIcon status={status} />
            {formatBytes(file.size)} · {describeState(status)}
          </p>
        </div>
        {status.state === 'failed' && (
          <button type="button" className="button button-small" onClick={() => actions.retry(file)}>
            <RotateCw size={14} aria-hidden="true" />
            Retry
          </button>
        )}
        <button type="button" className="icon-button" aria-label="Rename" onClick={() => setRenaming(true)}>
          <Pencil size={18} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="About this file"
          aria-pressed={informed}
          onClick={() => setInformed(!informed)}
        >
          <Info size={18} />
        </button>
        <button type="button" className="icon-button" aria-label="Download" onClick={() => actions.download(file)}>
          <Download size={18} />
        </button>
        <button type="button" className="icon-button" aria-label="Remove" onClick={remove}>
          <Trash2 size={18} />
        </button>
      </header>
      {(status.state === 'uploading' || status.state === 'downloading') && (
        <div className="bar detail-bar" aria-hidden="true">
          <div className="bar-fill" style={{ width: `${percentOf(status)}%` }} />
        </div>
      )}
      <div className="detail-body">
        <button
          type="button"
          className="icon-button step"
          aria-label="Previous file"
          disabled={!previous}
          onClick={() => previous && openFile(previous.id)}
        >
          <ChevronLeft size={26} />
        </button>
        <Stage key={file.remoteKey} file={file} />
        <button
          type="button"
          className="icon-button step"
          aria-label="Next file"
          disabled={!next}
          onClick={() => next && openFile(next.id)}
        >
          <ChevronRight size={26} />
        </button>
        {informed && <FileInfo file={file} />}
      </div>
    </section>
  )
}

/** On closing, the focus goes to the tile of the file that was shown last, or of the one set instead. */
const useFocusBack = (id: string): ((id: string | undefined) => void) => {
  const target = useRef<string>(undefined)
  useEffect(() => {
    target.current = id
  }, [id])
  useEffect(
    () => () => {
      if (target.current === undefined) return
      document.querySelector<HTMLElement>(`.tile-open[data-file="${CSS.escape(target.current)}"]`)?.focus()
    },
    [],
  )
  return useCallback((instead) => {
    target.current = instead
  }, [])
}
