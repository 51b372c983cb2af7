/** In place of the list, when it cannot be shown. */
export const ListFailed = () => (
  <div className="empty" role="alert">
    <h1>The list could not be shown</h1>
    <p>Your files are safe. Reload the page; if this stays, search for a file by its name.</p>
    <p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Reload
      </button>
    </p>
  </div>
)
