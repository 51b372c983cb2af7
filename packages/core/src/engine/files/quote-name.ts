/** A file's name within a message: another person may have given it a megabyte. */
export const quoteName = ({ name }: { readonly name: string }): string =>
  name.length > MAX_LENGTH ? `"${name.slice(0, MAX_LENGTH).toWellFormed()}…"` : `"${name}"`

/** UTF-16 code units */
const MAX_LENGTH = 80
