import { Mark } from './mark.tsx'

/** What a newcomer sees first. */
export const EmptyGallery = () => (
  <div className="empty">
    <div className="ripples" aria-hidden="true">
      <Mark size={96} />
    </div>
    <h1>Your pool is still and empty</h1>
    <p>
      Drop photos, films, music or any files here, paste a picture, or press Add. They are on this device at once, work
      without a network, and reach your other devices by themselves.
    </p>
  </div>
)

export const NothingFound = ({ search, onClear }: { readonly search: string; readonly onClear: () => void }) => (
  <div className="empty" role="status">
    <h1>Nothing is called “{search}”</h1>
    <p>
      <button type="button" className="button" onClick={onClear}>
        Show all files
      </button>
    </p>
  </div>
)
