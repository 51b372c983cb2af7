import { useFiles } from '@rockpool/react'
import { useCallback, useDeferredValue, useState } from 'react'
import { AddingNote } from './adding/adding-note.tsx'
import { DropAndPaste } from './adding/drop-and-paste.tsx'
import { useAddFiles } from './adding/use-add-files.ts'
import { BrokenDetail } from './detail/broken-detail.tsx'
import { DetailView } from './detail/detail-view.tsx'
import { useOpenId } from './detail/open-file.ts'
import { FileGrid } from './grid/file-grid.tsx'
import { Announcer } from './page/announcer.tsx'
import { EmptyGallery, NothingFound } from './page/empty.tsx'
import { ErrorBoundary } from './page/error-boundary.tsx'
import { Header } from './page/header.tsx'
import { ListFailed } from './page/list-failed.tsx'
import { StorageMeter } from './page/storage-meter.tsx'
import { SyncNote } from './page/sync-note.tsx'
import { UpdateNote } from './page/update-note.tsx'
import { RefusedList } from './refused/refused-list.tsx'
import { useFileActions } from './use-file-actions.ts'

/** Files the page shows at first and adds with each "Show more": ten thousand at once would take seconds to lay out. */
const PAGE = 120

export const Gallery = () => {
  const [search, setSearch] = useState('')
  const [limit, setLimit] = useState(PAGE)
  const term = useDeferredValue(search.trim())
  // One more than shown, to know whether there are more.
  const found = useFiles(term === '' ? { limit: limit + 1 } : { search: term, limit: limit + 1 })
  const files = found.length > limit ? found.slice(0, limit) : found
  const more = found.length > limit
  const { add, adding } = useAddFiles()
  const actions = useFileActions()
  const openId = useOpenId()
  const onFiles = useCallback((picked: readonly File[]) => add(picked.map((file) => ({ file }))), [add])

  return (
    <>
      <div inert={openId !== null}>
        <Header search={search} onSearch={setSearch} onFiles={onFiles} />
        <main>
          <UpdateNote />
          <SyncNote />
          <RefusedList />
          {files.length > 0 && (
            <div className="overview">
              <h1>Gallery</h1>
              <p className="quiet" data-testid="count">
                {files.length === 1 ? '1 file' : `${files.length.toLocaleString()}${more ? '+' : ''} files`}
              </p>
              <StorageMeter />
            </div>
          )}
          {files.length > 0 && (
            <ErrorBoundary shows={files} fallback={<ListFailed />}>
              <FileGrid files={files} actions={actions} />
            </ErrorBoundary>
          )}
          {files.length === 0 && term === '' && <EmptyGallery />}
          {files.length === 0 && term !== '' && <NothingFound search={term} onClear={() => setSearch('')} />}
          {more && (
            <button type="button" className="button more" data-testid="more" onClick={() => setLimit(limit + PAGE)}>
              Show more
            </button>
          )}
        </main>
      </div>
      {adding && <AddingNote adding={adding} />}
      {openId !== null && (
        <ErrorBoundary shows={openId} fallback={<BrokenDetail />}>
          <DetailView id={openId} files={files} actions={actions} />
        </ErrorBoundary>
      )}
      <DropAndPaste onFiles={add} />
      <Announcer />
    </>
  )
}
