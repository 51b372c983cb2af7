import { FileX, Trash2 } from 'lucide-react'
import type { FileRecord } from 'rockpool'
import type { CSSProperties } from 'react'
import type { FileActions } from '../use-file-actions.ts'

/** In place of the tile of a file that cannot be shown. */
export const BrokenTile = ({ file, actions }: { readonly file: FileRecord; readonly actions: FileActions }) => (
  <li className="tile tile-broken" data-testid="broken" data-id={file.id} style={{ '--ratio': 1 } as CSSProperties}>
    <div className="tile-media">
      <FileX size={34} strokeWidth={1.4} aria-hidden="true" />
      <p>This file cannot be shown.</p>
      <button type="button" className="button button-small" onClick={() => actions.remove(file)}>
        <Trash2 size={14} aria-hidden="true" />
        Remove
      </button>
    </div>
  </li>
)
