/** Nesting depth of JSON. Without recursion: a hostile value would overflow the stack. */

/**
 * Nesting levels of args that a client reads: above the limit of the sync server (500), so that no device replaces its own
 * event, and far below a stack overflow.
 */
export const MAX_READABLE_ARGS_LEVELS = 1_000

/** Whether objects and lists of JSON text stand more than `levels` deep inside each other; `{}` has one level. */
export const isJsonDeeperThan = (json: string, levels: number): boolean => {
  // Each level has two brackets: most texts are too short to be read.
  if (json.length <= 2 * levels) return false
  let level = 0
  let inString = false
  for (let index = 0; index < json.length; index++) {
    const character = json[index]
    if (inString) {
      if (character === '\\') index++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') {
      if (++level > levels) return true
    } else if (character === '}' || character === ']') level--
  }
  return false
}

/** Whether objects and lists of a value from `JSON.parse` stand more than `levels` deep inside each other. */
export const isDeeperThan = (value: unknown, levels: number): boolean => {
  let containers = isContainer(value) ? [value] : []
  for (let level = 1; containers.length > 0; level++) {
    if (level > levels) return true
    const inner: object[] = []
    for (const container of containers) {
      for (const field of Object.values(container)) if (isContainer(field)) inner.push(field)
    }
    containers = inner
  }
  return false
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null
