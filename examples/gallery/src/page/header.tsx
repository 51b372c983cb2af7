import { Plus, Search, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { Mark } from './mark.tsx'
import { SyncMark } from './sync-mark.tsx'

export interface HeaderProps {
  readonly search: string
  readonly onSearch: (text: string) => void
  readonly onFiles: (files: readonly File[]) => void
}

export const Header = ({ search, onSearch, onFiles }: HeaderProps) => {
  const field = useRef<HTMLInputElement>(null)

  useEffect(() => {
    const focusSearch = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
      if ((event.target as Element).closest('input, textarea, [role=dialog]')) return
      event.preventDefault()
      field.current?.focus()
    }
    addEventListener('keydown', focusSearch)
    return () => removeEventListener('keydown', focusSearch)
  }, [])

  return (
    <header className="header">
      <a className="brand" href={`/${location.search}`} aria-label="Rockpool, start page">
        <Mark />
        <span className="brand-name">Rockpool</span>
      </a>
      <div className="search" role="search">
        <Search size={17} aria-hidden="true" />
        <input
          ref={field}
          type="search"
          value={search}
          placeholder="Search"
          aria-label="Search files by name"
          aria-keyshortcuts="/"
          data-testid="search"
          onChange={(event) => onSearch(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') onSearch('')
          }}
        />
        {search !== '' && (
          <button type="button" className="icon-button" aria-label="Clear search" onClick={() => onSearch('')}>
            <X size={16} />
          </button>
        )}
      </div>
      <SyncMark />
      <AddButton onFiles={onFiles} />
    </header>
  )
}

export const AddButton = ({ onFiles }: Pick<HeaderProps, 'onFiles'>) => (
  <label className="button button-main add">
    <Plus size={18} aria-hidden="true" />
    <span>Add</span>
    <input
      className="unseen"
      type="file"
      multiple
      aria-label="Add files"
      data-testid="add"
      onChange={(event) => {
        onFiles([...(event.target.files ?? [])])
        // The same file can be picked again.
        event.target.value = ''
      }}
    />
  </label>
)
