import type { FileRecord } from 'rockpool'
import { type KeyboardEvent, useRef, useState } from 'react'
import { groupByDay } from '../file-facts.ts'
import { ErrorBoundary } from '../page/error-boundary.tsx'
import type { FileActions } from '../use-file-actions.ts'
import { BrokenTile } from './broken-tile.tsx'
import { isGridKey, neighbour } from './neighbour.ts'
import { Tile } from './tile.tsx'
import { useToday } from './use-today.ts'

export interface FileGridProps {
  readonly files: readonly FileRecord[]
  readonly actions: FileActions
}

/** Files by day. One tile is in the tab order; the arrow keys go on from there. */
export const FileGrid = ({ files, actions }: FileGridProps) => {
  const grid = useRef<HTMLDivElement>(null)
  const today = useToday()
  const [active, setActive] = useState<string>()
  const tabbable = files.some((file) => file.id === active) ? active : files[0]?.id

  const onKeyDown = (event: KeyboardEvent) => {
    const tile = (event.target as Element).closest<HTMLElement>('.tile-open')
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) return
    const tiles = [...grid.current!.querySelectorAll<HTMLElement>('.tile-open')]
    const from = tiles.indexOf(tile)
    if (isGridKey(event.key)) {
      event.preventDefault()
      const to = neighbour(
        tiles.map((each) => each.getBoundingClientRect()),
        from,
        event.key,
      )
      tiles[to]?.focus()
      tiles[to]?.scrollIntoView({ block: 'nearest' })
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault()
      const file = files.find(({ id }) => id === tile.dataset['file'])
      if (!file) return
      // Before the tile goes, else the focus is lost with it.
      ;(tiles[from + 1] ?? tiles[from - 1])?.focus()
      actions.remove(file)
    }
  }

  return (
    // The tiles' buttons have the focus; their arrow keys are handled in one place.
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions
    <div ref={grid} className="grid" onKeyDown={onKeyDown}>
      <p id="grid-keys" className="unseen">
        Arrow keys move, Enter opens, F2 renames, Delete removes.
      </p>
      {groupByDay(files, today).map(({ title, files: members }) => (
        <section key={title} aria-label={title} className="day">
          <h2>{title}</h2>
          <ul className="tiles">
            {members.map((file) => (
              <ErrorBoundary key={file.id} shows={file} fallback={<BrokenTile file={file} actions={actions} />}>
                <Tile file={file} tabbable={file.id === tabbable} actions={actions} onActive={setActive} />
              </ErrorBoundary>
            ))}
          </ul>
        </section>
      ))}
    </div>
  )
}
