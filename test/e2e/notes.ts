/** The gallery's own events (`boot/notes.ts`), which sync beside Rockpool's. */
import type { Tab } from './tab.ts'

interface NotesWindow {
  readonly store: {
    commit(event: { readonly name: string; readonly args: unknown }): void
    query(query: { readonly query: string; readonly bindValues: object }): readonly { readonly id: string }[]
  }
}

/** Commits events of the app itself, one at a time. */
export const commitNotes = (tab: Tab, ids: readonly string[]): Promise<void> =>
  tab.inPage(async (_pool, ids) => {
    const { store } = window as never as NotesWindow
    for (const id of ids) {
      store.commit({ name: 'v1.Noted', args: { id } })
      await new Promise((next) => setTimeout(next))
    }
  }, ids)

/** Their ids, sorted. */
export const notesIn = (tab: Tab): Promise<string[]> =>
  tab.inPage(() =>
    (window as never as NotesWindow).store
      .query({ query: 'SELECT id FROM notes ORDER BY id', bindValues: {} })
      .map(({ id }) => id),
  )
