import { useFileStatus } from '@rockpool/react'
import { Pencil, RotateCw, Trash2 } from 'lucide-react'
import type { FileRecord, FileStatus } from 'rockpool'
import { type CSSProperties, memo, useEffect, useRef, useState } from 'react'
import { type FileKind, formatBytes, kindOf, ratioOf, tintOf } from '../file-facts.ts'
import { describeState, percentOf } from '../file-state.ts'
import { shownName } from '../shown-name.ts'
import type { FileActions } from '../use-file-actions.ts'
import { appear } from './appear.ts'
import { RenameField } from './rename-field.tsx'
import { StateIcon } from './state-icon.tsx'
import { Thumbnail } from './thumbnail.tsx'

export interface TileProps {
  readonly file: FileRecord
  readonly tabbable: boolean
  readonly actions: FileActions
  readonly onActive: (id: string) => void
}

/** Very wide or tall pictures are cropped in the grid. */
const [NARROWEST, WIDEST] = [0.66, 2.2]
/** of what has no picture, by kind */
const PLAIN_RATIO: Record<FileKind, number> = { image: 1.33, video: 1.78, audio: 1.5, other: 1 }

export const Tile = memo(({ file, tabbable, actions, onActive }: TileProps) => {
  const status = useFileStatus(file)
  const [renaming, setRenaming] = useState(false)
  const tile = useRef<HTMLLIElement>(null)
  useEffect(() => appear(tile.current!), [])
  const button = useRef<HTMLButtonElement>(null)
  const tabIndex = tabbable ? 0 : -1
  const kind = kindOf(file.type)
  const name = shownName(file.name)
  const ratio = Math.min(WIDEST, Math.max(NARROWEST, ratioOf(file) ?? PLAIN_RATIO[kind]))

  const endRename = (newName?: string) => {
    setRenaming(false)
    button.current?.focus()
    if (newName !== undefined) actions.rename(file, newName)
  }

  return (
    <li
      ref={tile}
      className="tile"
      data-testid="file"
      data-id={file.id}
      data-name={name}
      data-state={status.state}
      style={{ '--ratio': ratio, '--tint': tintOf(file) } as CSSProperties}
    >
      <div className="tile-media" data-kind={kind}>
        <Thumbnail file={file} tabIndex={tabIndex} />
        <button
          ref={button}
          type="button"
          className="tile-open"
          data-file={file.id}
          tabIndex={tabIndex}
          aria-label={`Open ${name}, ${formatBytes(file.size)}. ${describeState(status)}`}
          aria-describedby="grid-keys"
          onFocus={() => onActive(file.id)}
          onClick={() => actions.open(file)}
          onKeyDown={(event) => {
            if (event.key === 'F2') setRenaming(true)
          }}
        />
        <div className="tile-actions">
          <button
            type="button"
            className="icon-button"
            tabIndex={tabIndex}
            aria-label={`Rename ${name}`}
            data-testid="rename"
            onClick={() => setRenaming(true)}
          >
            <Pencil size={16} />
          </button>
          <button
            type="button"
            className="icon-button"
            tabIndex={tabIndex}
            aria-label={`Remove ${name}`}
            data-testid="remove"
            onClick={() => actions.remove(file)}
          >
            <Trash2 size={16} />
          </button>
        </div>
        <Progress status={status} />
        {status.state === 'failed' && <Failed file={file} status={status} tabIndex={tabIndex} actions={actions} />}
      </div>
      <div className="tile-foot">
        {renaming ? (
          <RenameField name={name} onDone={endRename} />
        ) : (
          <span className="tile-name" title={name} onDoubleClick={() => setRenaming(true)}>
            {name}
          </span>
        )}
        <StateIcon status={status} />
      </div>
    </li>
  )
})

/** A smaller file has arrived before anyone sees a bar, bytes. */
const MIN_SIZE_FOR_BAR = 256_000

const Progress = ({ status }: { readonly status: FileStatus }) => {
  if (status.state !== 'uploading' && status.state !== 'downloading') return null
  if (status.total < MIN_SIZE_FOR_BAR) return null
  const percent = percentOf(status)
  return (
    <div
      className="tile-progress"
      role="progressbar"
      aria-label={status.state === 'uploading' ? 'Sending' : 'Fetching'}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div className="tile-progress-fill" style={{ transform: `scaleX(${percent / 100})` }} />
    </div>
  )
}

const Failed = (
  props: Pick<TileProps, 'file' | 'actions'> & { readonly status: FileStatus; readonly tabIndex: number },
) => (
  <div className="tile-failed">
    <p data-testid="reason" title={describeState(props.status)}>
      {describeState(props.status)}
    </p>
    <button
      type="button"
      className="button button-small"
      data-testid="retry"
      tabIndex={props.tabIndex}
      aria-label={`Retry ${shownName(props.file.name)}`}
      onClick={() => props.actions.retry(props.file)}
    >
      <RotateCw size={14} aria-hidden="true" />
      Retry
    </button>
  </div>
)
