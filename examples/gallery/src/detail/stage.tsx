import { useFileUrl, usePool } from '@rockpool/react'
import type { FileRecord } from 'rockpool'
import { type CSSProperties, useEffect, useState } from 'react'
import { kindOf, ratioOf, tintOf } from '../file-facts.ts'
import { FileCard } from '../grid/file-card.tsx'
import { shownName } from '../shown-name.ts'

/** Larger text files are not shown in the page. Bytes. */
const MAX_TEXT_BYTES = 512 * 1024

/** The content itself, as large as the screen allows. */
export const Stage = ({ file }: { readonly file: FileRecord }) => {
  const url = useFileUrl(file)
  const [failed, setFailed] = useState(false)
  const frame = { '--ratio': ratioOf(file), '--tint': tintOf(file) } as CSSProperties
  const onError = () => setFailed(true)
  const kind = kindOf(file.type)

  if (failed) return <Card file={file} />
  if (kind === 'image') {
    return (
      <div className="stage">
        <img
          key={url}
          src={url}
          alt={shownName(file.name)}
          style={frame}
          data-sized={ratioOf(file) !== undefined}
          onError={onError}
        />
      </div>
    )
  }
  if (kind === 'video') {
    return (
      <div className="stage">
        <video src={url} controls autoPlay playsInline style={frame} onError={onError} />
      </div>
    )
  }
  if (kind === 'audio') {
    return (
      <div className="stage stage-card">
        <FileCard file={file} />
        <audio src={url} controls autoPlay onError={onError} />
      </div>
    )
  }
  if (file.type === 'application/pdf') {
    return (
      <div className="stage">
        {/* PDF viewers refuse a sandbox; the worker answers with headers of its own for that. */}
        {/* oxlint-disable-next-line react/iframe-missing-sandbox */}
        <iframe src={url} title={shownName(file.name)} />
      </div>
    )
  }
  if (/^text\/|json$/.test(file.type) && file.size <= MAX_TEXT_BYTES) return <Text file={file} />
  return <Card file={file} />
}

const Card = ({ file }: { readonly file: FileRecord }) => (
  <div className="stage stage-card">
    <FileCard file={file} />
  </div>
)

const Text = ({ file }: { readonly file: FileRecord }) => {
  const pool = usePool()
  const [text, setText] = useState<string>()
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    const abort = new AbortController()
    pool
      .open(file, { signal: abort.signal })
      .then((blob) => blob.text())
      .then(
        (content) => !abort.signal.aborted && setText(content),
        () => !abort.signal.aborted && setFailed(true),
      )
    return () => abort.abort()
    // The stage is mounted again for other content.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [pool, file.remoteKey])
  if (failed) return <Card file={file} />
  return (
    <div className="stage">
      <pre>{text}</pre>
    </div>
  )
}
