import { usePool, useSyncStatus } from '@rockpool/react'
import { useEffect, useState } from 'react'
import { shownName } from '../shown-name.ts'
import { announceSync } from './sync-text.ts'

/** Events of a burst are announced together: a screen reader should not read a hundred names, ms. */
const TOGETHER = 700

type News = 'added' | 'removed' | 'stored' | 'failed' | 'refused'
const WORDS: Record<News, string> = {
  added: 'added',
  removed: 'removed',
  stored: 'stored',
  failed: 'not sent',
  refused: 'not accepted',
}

/** Announces to a screen reader what happens to files, and every change of the state of sync. */
export const Announcer = () => {
  const pool = usePool()
  const sync = announceSync(useSyncStatus())
  const [text, setText] = useState('')

  useEffect(() => {
    const names = new Map<News, Set<string>>()
    let timer: ReturnType<typeof setTimeout> | undefined
    const announce = (news: News, name: string) => {
      names.set(news, (names.get(news) ?? new Set()).add(shownName(name)))
      timer ??= setTimeout(() => {
        timer = undefined
        setText(
          Array.from(names, ([kind, these]) => {
            const [first] = these
            return `${these.size === 1 ? first : `${these.size} files`} ${WORDS[kind]}`
          }).join('. '),
        )
        names.clear()
      }, TOGETHER)
    }
    const stops = [
      pool.on('added', (file) => announce('added', file.name)),
      pool.on('removed', (file) => announce('removed', file.name)),
      pool.on('stored', (file) => announce('stored', file.name)),
      pool.on('error', ({ file, refused }) => file && announce(refused ? 'refused' : 'failed', file.name)),
    ]
    return () => {
      clearTimeout(timer)
      for (const stop of stops) stop()
    }
  }, [pool])

  return (
    <>
      <div className="unseen" role="status" aria-live="polite">
        {text}
      </div>
      <div className="unseen" role="status" aria-live="polite" data-testid="sync-announcement">
        {sync}
      </div>
    </>
  )
}
