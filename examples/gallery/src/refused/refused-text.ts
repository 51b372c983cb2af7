/** Words for changes that the sync server refused. */
import type { RefusedChange } from 'rockpool'
import { shownName } from '../shown-name.ts'

/** What did not happen. The page shows the file's name beside it. */
export const describeChange = ({ event }: Pick<RefusedChange, 'event'>): string => {
  switch (event.name) {
    case 'v2.FileAdded':
      return 'Not added'
    case 'v2.FileContentReplaced':
      return 'Not replaced'
    case 'v2.FileRenamed':
      return `Not renamed to “${shownName(event.args.name)}”`
    case 'v2.FileMetaSet':
      return 'Details not changed'
    case 'v2.FileDeleted':
      return 'Not removed'
    case 'v2.FileRestored':
      return 'Not restored'
    case 'v2.ContentStored':
    case 'v2.ContentLost':
      return 'Upload not recorded'
  }
}

/** The name to start from when another one may help; undefined when the name is not the cause. */
export const nameToEdit = ({ code, event }: Pick<RefusedChange, 'code' | 'event'>): string | undefined =>
  code === 'bad_name' && 'name' in event.args ? event.args.name : undefined

/** Whether discarding it removes bytes that may be nowhere else. */
export const hasBytes = ({ event }: Pick<RefusedChange, 'event'>): boolean =>
  event.name === 'v2.FileAdded' || event.name === 'v2.FileContentReplaced'

export interface RefusedGroup {
  readonly message: string
  readonly changes: readonly RefusedChange[]
}

/** By sentence, in the order in which each first came: a full store refuses a hundred files for one reason. */
export const groupByMessage = (changes: readonly RefusedChange[]): readonly RefusedGroup[] => {
  const groups = new Map<string, RefusedChange[]>()
  for (const change of changes) {
    const group = groups.get(change.message)
    if (group) group.push(change)
    else groups.set(change.message, [change])
  }
  return Array.from(groups, ([message, members]) => ({ message, changes: members }))
}
