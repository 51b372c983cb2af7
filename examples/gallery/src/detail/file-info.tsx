import type { FileRecord } from 'rockpool'
import { formatBytes, formatTime } from '../file-facts.ts'
import { shownName } from '../shown-name.ts'

const TIME: Intl.DateTimeFormatOptions = { dateStyle: 'long', timeStyle: 'short' }

/** Details of a file. */
export const FileInfo = ({ file }: { readonly file: FileRecord }) => {
  const { width, height } = file.meta
  return (
    <aside className="info" aria-label="About this file">
      <dl>
        <dt>Type</dt>
        <dd>{shownName(file.type)}</dd>
        <dt>Size</dt>
        <dd>
          {formatBytes(file.size)} ({file.size.toLocaleString()} bytes)
        </dd>
        {typeof width === 'number' && typeof height === 'number' && (
          <>
            <dt>Picture</dt>
            <dd>
              {width} × {height}
            </dd>
          </>
        )}
        <dt>Added</dt>
        <dd>{formatTime(file.createdAt, TIME)}</dd>
        {file.updatedAt !== file.createdAt && (
          <>
            <dt>Changed</dt>
            <dd>{formatTime(file.updatedAt, TIME)}</dd>
          </>
        )}
        <dt>Content address</dt>
        <dd className="mono">{file.remoteKey.slice(file.remoteKey.lastIndexOf('/') + 1)}</dd>
      </dl>
    </aside>
  )
}
