/** Objects that a command has to name, as text. */
export const describeFailed = (
  failed: readonly { readonly key: string; readonly reason: string }[],
  what: string,
): string => {
  if (failed.length === 0) return ''
  const shown = failed.slice(0, 20).map(({ key, reason }) => `  ${key}: ${reason}`)
  if (failed.length > shown.length) shown.push(`  and ${failed.length - shown.length} more; --json lists all`)
  return `${failed.length} objects ${what}:\n${shown.join('\n')}\n`
}
