import { X } from 'lucide-react'
import { openFile } from './open-file.ts'

/** In place of an open file that cannot be shown. */
export const BrokenDetail = () => (
  <section className="detail" role="alertdialog" aria-label="This file cannot be shown">
    <header className="detail-head">
      <button type="button" className="icon-button" aria-label="Close" onClick={() => openFile(null)}>
        <X size={20} />
      </button>
      <div className="detail-title">
        <h2>This file cannot be shown</h2>
      </div>
    </header>
  </section>
)
