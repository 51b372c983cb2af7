import { Mark } from './mark.tsx'

/** Shown while a tab with another release of the gallery has the store. It goes by itself. */
export const UpdateBlocked = () => (
  <main className="broken" role="status" data-testid="update-blocked">
    <Mark size={72} />
    <h1>The gallery was updated</h1>
    <p>
      Another tab still shows a different version. Close or reload that tab, and this one opens. Your files are safe.
    </p>
  </main>
)
