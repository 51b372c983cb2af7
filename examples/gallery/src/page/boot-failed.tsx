import { isRockpoolError } from 'rockpool'
import { Mark } from './mark.tsx'

/** What a person sees when the gallery cannot open. */
export const BootFailed = ({ error }: { readonly error: unknown }) => (
  <main className="broken" role="alert">
    <Mark size={72} />
    <h1>The pool could not be opened</h1>
    <p data-testid="boot-error">{error instanceof Error ? error.message : String(error)}</p>
    {isRockpoolError(error) && <code>{error.code}</code>}
    <button type="button" className="button button-main" onClick={() => location.reload()}>
      Try again
    </button>
  </main>
)
