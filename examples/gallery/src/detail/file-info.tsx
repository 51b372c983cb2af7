import type { FileRecord } from 'rockpool'
import { formatBytes } from '../file-facts.ts'

/** What is known of a file. */
export const FileInfo = ({ file }: { readonly file: FileRecord }) => {
  const { width, height } = file.meta
  const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeStyle: 'short' })
  return (
    <aside className="info" aria-label="About this file">
      <dl>
        <dt>Type</dt>
        <dd>{file.type}</dd>
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
        <dd>{when.format(file.createdAt)}</dd>
        {file.updatedAt !== file.createdAt && (
          <>
            <dt>Changed</dt>
            <dd>{when.format(file.updatedAt)}</dd>
          </>
        )}
        <dt>Content address</dt>
        <dd className="mono">{file.remoteKey.slice(file.remoteKey.lastIndexOf('/') + 1)}</dd>
      </dl>
    </aside>
  )
}
