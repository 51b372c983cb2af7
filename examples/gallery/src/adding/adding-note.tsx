import type { Adding } from './use-add-files.ts'

/** What is being written to this device's disk right now. */
export const AddingNote = ({ adding }: { readonly adding: Adding }) => {
  const percent = Math.round(adding.progress * 100)
  return (
    <div className="adding">
      <div className="adding-text">
        <span className="adding-name">Saving {adding.name}</span>
        {adding.count > 1 && (
          <span className="quiet">
            {adding.number} of {adding.count}
          </span>
        )}
      </div>
      <div
        className="bar"
        role="progressbar"
        aria-label="Saving files on this device"
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <div className="bar-fill" style={{ width: `${percent}%` }} />
      </div>
    </div>
  )
}
