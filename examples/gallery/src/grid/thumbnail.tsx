import { useFileUrl, usePool } from '@rockpool/react'
import { Pause, Play } from 'lucide-react'
import type { FileRecord } from 'rockpool'
import { useEffect, useRef, useState } from 'react'
import { formatBytes, formatDuration, kindOf } from '../file-facts.ts'
import { shownName } from '../shown-name.ts'
import { FileCard } from './file-card.tsx'

export interface ThumbnailProps {
  readonly file: FileRecord
  readonly tabIndex: number
}

/** The file's face in the grid, straight from `pool.url(file)`. */
export const Thumbnail = ({ file, tabIndex }: ThumbnailProps) => {
  switch (kindOf(file.type)) {
    case 'image':
      return <Picture key={file.remoteKey} file={file} />
    case 'video':
      return <Film key={file.remoteKey} file={file} />
    case 'audio':
      return <Sound key={file.remoteKey} file={file} tabIndex={tabIndex} />
    case 'other':
      return <FileCard file={file} />
  }
}

const Picture = ({ file }: { readonly file: FileRecord }) => {
  const url = useFileUrl(file)
  const { attempt, failed, onError, onLoaded } = useLoadError(file)
  if (failed) return <FileCard file={file} />
  return (
    <img
      key={attempt}
      src={url}
      alt=""
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={onError}
      onLoad={(event) => onLoaded(event.currentTarget)}
    />
  )
}

const Film = ({ file }: { readonly file: FileRecord }) => {
  const url = useFileUrl(file)
  const video = useRef<HTMLVideoElement>(null)
  const near = useNear(video)
  const [duration, setDuration] = useState<number>()
  const { attempt, failed, onError, onLoaded } = useLoadError(file)
  if (failed) return <FileCard file={file} />
  return (
    <>
      <video
        key={attempt}
        ref={video}
        src={near ? url : undefined}
        muted
        playsInline
        preload="metadata"
        onError={onError}
        onLoadedMetadata={(event) => setDuration(event.currentTarget.duration)}
        onLoadedData={(event) => onLoaded(event.currentTarget)}
      />
      <span className="tile-chip" aria-hidden="true">
        <Play size={11} fill="currentColor" />
        {duration !== undefined && Number.isFinite(duration) ? formatDuration(duration) : formatBytes(file.size)}
      </span>
    </>
  )
}

/** Plays in the grid; only one sound at a time. */
const Sound = ({ file, tabIndex }: ThumbnailProps) => {
  const url = useFileUrl(file)
  const audio = useRef<HTMLAudioElement>(null)
  const [playing, setPlaying] = useState(false)
  const [played, setPlayed] = useState(0)

  const toggle = () => {
    const element = audio.current
    if (!element) return
    if (!element.paused) return element.pause()
    for (const other of document.querySelectorAll('audio, video')) (other as HTMLMediaElement).pause()
    // The element's own error event says what went wrong.
    element.play().catch(() => setPlaying(false))
  }

  return (
    <>
      <FileCard file={file} played={played} />
      <audio
        ref={audio}
        src={url}
        preload="none"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onTimeUpdate={({ currentTarget: { currentTime, duration } }) =>
          setPlayed(duration > 0 ? currentTime / duration : 0)
        }
      />
      <button
        type="button"
        className="play"
        tabIndex={tabIndex}
        aria-label={`${playing ? 'Pause' : 'Play'} ${shownName(file.name)}`}
        onClick={toggle}
      >
        {playing ? <Pause size={20} fill="currentColor" /> : <Play size={20} fill="currentColor" />}
      </button>
    </>
  )
}

/**
 * A picture that could not be shown gets its card, and another try once the network is back, or once its bytes are in object
 * storage: its record comes from another device before they do.
 *
 * @returns `attempt`, the key of the element: a new one loads again
 */
const useLoadError = ({ remoteKey }: FileRecord) => {
  const pool = usePool()
  const [{ attempt, failed }, setLoad] = useState({ attempt: 0, failed: false })
  const loaded = useRef(false)
  useEffect(() => {
    const again = () => {
      if (!loaded.current) setLoad(({ attempt }) => ({ attempt: attempt + 1, failed: false }))
    }
    addEventListener('online', again)
    const stop = pool.on('stored', (file) => {
      if (file.remoteKey === remoteKey) again()
    })
    return () => {
      removeEventListener('online', again)
      stop()
    }
  }, [pool, remoteKey])
  return {
    attempt,
    failed,
    onError: () => setLoad(({ attempt }) => ({ attempt, failed: true })),
    onLoaded: (element: Element) => {
      loaded.current = true
      element.setAttribute('data-loaded', '')
    },
  }
}

/** Whether the element has come near the visible part of the page. Images have `loading=lazy`; films do not everywhere. */
const useNear = (element: { readonly current: Element | null }): boolean => {
  const [near, setNear] = useState(false)
  useEffect(() => {
    if (near || !element.current) return
    const observer = new IntersectionObserver((entries) => setNear(entries.some((entry) => entry.isIntersecting)), {
      rootMargin: '400px',
    })
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [near, element])
  return near
}
